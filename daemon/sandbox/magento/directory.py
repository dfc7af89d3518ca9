"""Countries with their regions, and the currency."""

from dataclasses import dataclass

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.values import JsonObject

_US_REGIONS = (
    "AL Alabama|AK Alaska|AS American Samoa|AZ Arizona|AR Arkansas|AE Armed Forces Africa|AA Armed Forces Americas|"
    "AE Armed Forces Canada|AE Armed Forces Europe|AE Armed Forces Middle East|AP Armed Forces Pacific|CA California|"
    "CO Colorado|CT Connecticut|DE Delaware|DC District of Columbia|FM Federated States Of Micronesia|FL Florida|"
    "GA Georgia|GU Guam|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|"
    "ME Maine|MH Marshall Islands|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|"
    "MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|"
    "ND North Dakota|MP Northern Mariana Islands|OH Ohio|OK Oklahoma|OR Oregon|PW Palau|PA Pennsylvania|"
    "PR Puerto Rico|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|"
    "VI Virgin Islands|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming"
)
_CA_REGIONS = (
    "AB Alberta|BC British Columbia|MB Manitoba|NL Newfoundland and Labrador|NB New Brunswick|NS Nova Scotia|"
    "NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|"
    "SK Saskatchewan|YT Yukon Territory"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One region of a country."""

    region_id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """One country; without regions any text is one."""

    code: str
    three_letters: str
    name: str
    regions: tuple[Region, ...] = ()


def _regions(listed: str, first: int) -> tuple[Region, ...]:
    return tuple(
        Region(region_id=number, code=code, name=name)
        for number, (code, _, name) in enumerate((each.partition(" ") for each in listed.split("|")), first)
    )


_COUNTRIES = (
    Country(code="CA", three_letters="CAN", name="Canada", regions=_regions(_CA_REGIONS, 66)),
    Country(code="DE", three_letters="DEU", name="Germany"),
    Country(code="FR", three_letters="FRA", name="France"),
    Country(code="GB", three_letters="GBR", name="United Kingdom"),
    Country(code="NL", three_letters="NLD", name="Netherlands"),
    Country(code="US", three_letters="USA", name="United States", regions=_regions(_US_REGIONS, 1)),
)
_BY_CODE = {country.code: country for country in _COUNTRIES}


def country_of(code: object) -> Country | None:
    """The country of a two-letter code."""
    return _BY_CODE.get(code) if isinstance(code, str) else None


def region_of(country: Country | None, region_id: int) -> Region | None:
    """The region of that id in a country."""
    regions = country.regions if country else ()
    return next((region for region in regions if region.region_id == region_id), None)


def list_countries(_call: Call) -> list[JsonObject]:
    """`GET directory/countries`; the sandbox knows a few."""
    return [_view(country) for country in _COUNTRIES]


def get_country(call: Call) -> JsonObject:
    """`GET directory/countries/:id`."""
    country = country_of(call.path["countryId"])
    if country is None:
        raise Refusal("The country isn't available.", status=404)
    return _view(country)


def _view(country: Country) -> JsonObject:
    view: JsonObject = {
        "id": country.code,
        "two_letter_abbreviation": country.code,
        "three_letter_abbreviation": country.three_letters,
        "full_name_locale": country.name,
        "full_name_english": country.name,
    }
    if country.regions:
        view["available_regions"] = [
            {"id": str(region.region_id), "code": region.code, "name": region.name} for region in country.regions
        ]
    return view


def currency(_call: Call) -> JsonObject:
    """`GET directory/currency`."""
    return {
        "base_currency_code": "USD",
        "base_currency_symbol": "$",
        "default_display_currency_code": "USD",
        "default_display_currency_symbol": "$",
        "available_currency_codes": ["USD"],
        "exchange_rates": [{"currency_to": "USD", "rate": 1}],
    }
