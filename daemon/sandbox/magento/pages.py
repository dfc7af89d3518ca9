"""HTML pages of the shop and of its web server, as recorded."""

_FRAME = """<!doctype html>
<html xmlns="http://www.w3.org/1999/xhtml" >
<head>
    <title>{title}</title>
    <base href="http&#x3A;&#x2F;&#x2F;magento.example&#x2F;errors&#x2F;default&#x2F;" />
    <meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
    <meta name="robots" content="*"/>
    <link rel="stylesheet" href="css/styles.css" type="text/css" />
    <link rel="icon" href="images/favicon.ico" type="image/x-icon" />
    <link rel="shortcut icon" href="images/favicon.ico" type="image/x-icon" />
</head>
<body>
    <main class="page-main">
        {text}
    </main>
</body>
</html>
"""

MAINTENANCE_PAGE = _FRAME.format(
    title="Error 503: Service Unavailable",
    text="""
<h1>Service Temporarily Unavailable</h1>
<p>
    The server is temporarily unable to service your request due to maintenance downtime or capacity problems.
    Please try again later.
</p>""",
)

ERROR_PAGE = _FRAME.format(
    title="There has been an error processing your request",
    text="""
<h1>There has been an error processing your request</h1>
<p>Exception printing is disabled by default for security reasons.</p>""",
)

DATABASE_DOWN_TEXT = (
    '<!doctype html>\n<html xmlns="http://www.w3.org/1999/xhtml" >\n<head>\n'
    "    <title>There has been an error processing your request</title>\n"
    '    <base href="An error has happened during application run. See exception log for details.\n'
)

BAD_GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)

NOT_FOUND_PAGE = """<!doctype html>
<html lang="en">
    <head >
        <title>404 Not Found</title>
    </head>
    <body>
        <h1>Whoops, our bad...</h1>
        <p>The page you requested was not found. (The REST interface of this simulated shop begins with /rest/.)</p>
    </body>
</html>
"""
