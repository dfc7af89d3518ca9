"""Images into the store: uploaded once, recognised by the digest in their file name, never sent again unchanged."""

from base64 import b64encode

from daemon.magento.client import Answered, Call, MagentoClient
from daemon.magento.image_files import digest_in, file_name, kind_of
from daemon.magento.stored_products import StoredProduct, read_existing, read_product
from daemon.magento.talk import Document, Halted, applied, id_in, refuse, settled, tell
from daemon.sync.shop.image import ProductImages, ShopImage
from queues.verdicts import Delivered, Verdict

_GONE = "No image with the provided ID was found"


class ImageWriter:
    """
    Brings the images of products to a store, under `all`.

    An upload is not repeatable: the store would keep a second copy and take the roles from the first. So what is there
    is read first, from the product, whose entries carry no content.
    """

    def __init__(self, client: MagentoClient) -> None:
        self._client = client

    async def write(self, record: ProductImages) -> Verdict:
        """Bring the store to hold these images of the connector's, and leave the merchant's own."""
        return await settled(self._write(record))

    async def _write(self, record: ProductImages) -> Verdict:
        kinds = [kind_of(image) for image in record.images]
        stored = await self._product(record)
        if stored is None:
            return Delivered()
        there: dict[str, Document] = {}
        surplus: list[Document] = []
        wanted = {image.digest for image in record.images}
        for entry in stored.rows("media_gallery_entries"):
            digest = digest_in(entry.get("file"))
            if digest is None:
                continue
            if digest in wanted and digest not in there:
                there[digest] = entry
            else:
                surplus.append(entry)
        done = Delivered()
        for image, kind in zip(record.images, kinds, strict=True):
            if image.digest not in there:
                there[image.digest] = {}  # the same content twice is one image
                content = {
                    "base64_encoded_data": b64encode(image.content).decode(),
                    "type": kind.mime_type,
                    "name": file_name(image, kind),
                }
                done = await self._upload(record.sku, {**_facts(image), "content": content})
            elif there[image.digest] and not _same(there[image.digest], image):
                done = await self._change(record.sku, there[image.digest], image)
        for entry in surplus:
            done = await self._delete(record.sku, entry, done)
        return done

    async def _product(self, record: ProductImages) -> StoredProduct | None:
        """Give the product; None: the store does not have it, and there is no image that it would need it for."""
        return await (read_existing if record.images else read_product)(self._client, record.sku)

    async def _upload(self, sku: str, entry: Document) -> Delivered:
        reply = await tell(
            self._client,
            "POST",
            ("products", sku, "media"),
            {"entry": entry},
            hint="attach another file to the item in the ERP",
        )
        if id_in(reply, "an image") <= 0:
            refuse("target_error", "the store answered 200 without the image's id", exchange=reply.exchange)
        return applied(reply)

    async def _change(self, sku: str, entry: Document, image: ShopImage) -> Delivered:
        segments = ("products", sku, "media", str(entry.get("id")))
        document = {"entry": {"id": entry.get("id"), **_facts(image)}}
        return applied(await tell(self._client, "PUT", segments, document))

    async def _delete(self, sku: str, entry: Document, done: Delivered) -> Delivered:
        segments = ("products", sku, "media", str(entry.get("id")))
        reply = await self._client.call(Call(method="DELETE", segments=segments))
        if isinstance(reply, Answered):
            return applied(reply)
        if reply.error is not None and reply.error.message.startswith(_GONE):
            return done
        raise Halted(reply.verdict)


def _facts(image: ShopImage) -> Document:
    return {
        "media_type": "image",
        "label": image.label,
        "position": image.position,
        "disabled": image.is_hidden,
        "types": list(image.roles),
    }


def _same(entry: Document, image: ShopImage) -> bool:
    types = entry.get("types")
    return (
        (entry.get("label") or "") == image.label
        and entry.get("position") == image.position
        and bool(entry.get("disabled")) == image.is_hidden
        and sorted(types if isinstance(types, list) else []) == sorted(image.roles)
    )
