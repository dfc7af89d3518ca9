"""The calls about categories and the products in them."""

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.category_tree import STORE_ROOT, TREE_ROOT, Category, CategoryTree
from daemon.sandbox.magento.errors import Refusal, no_such_entity, no_such_product
from daemon.sandbox.magento.product import Product
from daemon.sandbox.magento.search import find, result
from daemon.sandbox.magento.stores import ALL_STORES
from daemon.sandbox.magento.text_values import slug
from daemon.sandbox.magento.values import JsonObject, flag, integer, mapping, rows, text

_FIELDS = frozenset({"entity_id", "id", "parent_id", "position", "level", "path", "children_count"})
_TAKEN = "URL key for specified store already exists."


def _existing(call: Call, category_id: int | None) -> Category:
    known = None if category_id is None else call.shop.categories.get(category_id)
    if known is None:
        raise no_such_entity("id", "0" if category_id is None else category_id)
    return known


def _not_saved(reason: str) -> Refusal:
    return Refusal("Could not save category: %1", parameters=[reason])


def create_category(call: Call) -> JsonObject:
    """`POST categories`."""
    given = mapping(call.body, "category") or {}
    tree = call.shop.categories
    parent = _existing(call, integer(given, "parent_id"))
    category_id = tree.next_id()
    name, custom = text(given, "name"), _custom(given)
    for label, value in (("Name", name), ("Is Active", flag(given, "is_active"))):
        if value in (None, ""):
            raise _not_saved(f'The "{label}" attribute value is empty. Set the attribute and try again.')
    url_key = text(custom, "url_key") or slug(name or "")
    if tree.is_taken(url_key, parent.category_id, None):
        raise _not_saved(_TAKEN)
    now = call.shop.timestamp()
    siblings = tree.children(parent.category_id)
    category = Category(
        category_id=category_id,
        parent_id=parent.category_id,
        position=integer(given, "position") or (siblings[-1].position + 1 if siblings else 1),
        created_at=now,
        updated_at=now,
    )
    category.set_value("include_in_menu", ALL_STORES, value=True)
    tree.add(category)
    custom["url_key"] = url_key
    _store(category, given, custom, ALL_STORES)
    above = parent.url_path if parent.category_id != STORE_ROOT else None
    category.url_path = f"{above}/{url_key}" if above else url_key
    return category_view(tree, category, call.store_id)


def update_category(call: Call) -> JsonObject:
    """`PUT categories/:id`; what is not sent stays."""
    category = _existing(call, call.number("id"))
    given = mapping(call.body, "category") or {}
    custom = _custom(given)
    if "name" in given and not text(given, "name"):
        raise _not_saved('The "Name" attribute value is empty. Set the attribute and try again.')
    url_key = text(custom, "url_key")
    if url_key is not None and call.shop.categories.is_taken(url_key, category.parent_id, category):
        raise _not_saved(_TAKEN)
    category.position = integer(given, "position") or category.position
    _store(category, given, custom, call.store_id)
    category.updated_at = call.shop.timestamp()
    return category_view(call.shop.categories, category, call.store_id)


def _custom(given: JsonObject) -> JsonObject:
    return {str(row.get("attribute_code")): row.get("value") for row in rows(given, "custom_attributes")}


def _store(category: Category, given: JsonObject, custom: JsonObject, store_id: int) -> None:
    for code in ("name", "is_active", "include_in_menu"):
        if given.get(code) is not None:
            category.set_value(code, store_id, given[code])
    for code, value in custom.items():
        category.set_value(code, store_id, value)


def get_category(call: Call) -> JsonObject:
    """`GET categories/:id`."""
    return category_view(call.shop.categories, _existing(call, call.number("categoryId")), call.store_id)


def delete_category(call: Call) -> bool:
    """`DELETE categories/:id`, with all below it; the roots stay."""
    category = _existing(call, call.number("categoryId"))
    if category.category_id in (TREE_ROOT, STORE_ROOT):
        raise Refusal("Cannot delete category with id %1", parameters=[str(category.category_id)])
    gone = call.shop.categories.remove(category)
    for product in call.shop.catalogue:
        for category_id in gone:
            product.category_links.pop(category_id, None)
    return True


def move_category(call: Call) -> bool:
    """`PUT categories/:id/move`; without `afterId`, or with one above the last sibling's id, it goes to the end."""
    category = _existing(call, call.number("categoryId"))
    parent = _existing(call, integer(call.body, "parentId"))
    tree = call.shop.categories
    if category.category_id in tree.path(parent):
        raise Refusal("Operation do not allow to move a parent category to any of children category")
    if tree.is_taken(str(category.value("url_key", ALL_STORES)), parent.category_id, category):
        raise Refusal(_TAKEN)
    after_id = integer(call.body, "afterId")
    siblings = tree.children(parent.category_id)
    if siblings and (after_id is None or after_id > siblings[-1].category_id):
        after_id = siblings[-1].category_id
    tree.move(category, parent.category_id, after_id or 0)
    return True


def category_tree(call: Call) -> JsonObject:
    """`GET categories?rootCategoryId=&depth=`."""
    asked = dict(call.query)
    root = asked.get("rootCategoryId") or asked.get("root_category_id") or str(TREE_ROOT)
    depth = asked.get("depth", "")
    category = _existing(call, int(root) if root.isdigit() else 0)
    counts: dict[int, int] = {}
    for product in call.shop.catalogue:
        for category_id in product.category_links:
            counts[category_id] = counts.get(category_id, 0) + 1
    return _branch(call, category, int(depth) if depth.isdigit() else None, counts)


def _branch(call: Call, category: Category, depth: int | None, counts: dict[int, int]) -> JsonObject:
    tree = call.shop.categories
    below = None if depth is None else depth - 1
    return {
        "id": category.category_id,
        "parent_id": category.parent_id,
        "name": category.value("name", call.store_id),
        "is_active": category.value("is_active", call.store_id),
        "position": category.position,
        "level": len(tree.path(category)) - 1,
        "product_count": counts.get(category.category_id, 0),
        "children_data": []
        if depth == 1
        else [_branch(call, child, below, counts) for child in tree.children(category.category_id)],
    }


def search_categories(call: Call) -> JsonObject:
    """`GET categories/list?searchCriteria…`."""
    criteria = call.criteria()
    tree = call.shop.categories
    found, total = find(tree, criteria, lambda each, field: _field(tree, each, field, call.store_id))
    return result([category_view(tree, each, call.store_id) for each in found], criteria, total)


def _field(tree: CategoryTree, category: Category, field: str, store_id: int) -> object:
    if field in _FIELDS:
        name = {"entity_id": "category_id", "id": "category_id"}.get(field, field)
        facts: JsonObject = {
            "path": "/".join(map(str, tree.path(category))),
            "level": len(tree.path(category)) - 1,
            "children_count": len(tree.below(category.category_id)),
        }
        return facts[name] if name in facts else getattr(category, name)
    value = category.value(field, store_id)
    return int(value) if isinstance(value, bool) else value


def category_view(tree: CategoryTree, category: Category, store_id: int) -> JsonObject:
    """A category as a store view sees it."""
    path = "/".join(map(str, tree.path(category)))
    custom: JsonObject = {
        "is_anchor": "1",
        "path": path,
        "children_count": str(len(tree.below(category.category_id))),
    }
    plain = ("name", "is_active", "include_in_menu")
    own = {code: category.value(code, store_id) for code in category.values if code not in (*plain, "url_key")}
    custom |= {"url_key": category.value("url_key", store_id), "url_path": category.url_path, **own}
    return {
        "id": category.category_id,
        "parent_id": category.parent_id,
        "name": category.value("name", store_id),
        "is_active": category.value("is_active", store_id),
        "position": category.position,
        "level": len(tree.path(category)) - 1,
        "children": ",".join(str(child.category_id) for child in tree.children(category.category_id)),
        "created_at": category.created_at,
        "updated_at": category.updated_at,
        "path": path,
        "include_in_menu": category.value("include_in_menu", store_id),
        "custom_attributes": [
            {"attribute_code": code, "value": value} for code, value in custom.items() if value is not None
        ],
    }


def _product(call: Call, sku: str | None) -> Product:
    product = None if sku is None else call.shop.catalogue.get(sku)
    if product is None:
        raise no_such_product()
    return product


def assign_product(call: Call) -> bool:
    """`POST|PUT categories/:id/products`; doing it again is no fault."""
    link = mapping(call.body, "productLink") or {}
    category = _existing(call, call.number("categoryId"))
    product = _product(call, text(link, "sku"))
    product.category_links[category.category_id] = integer(link, "position") or 0
    return True


def unassign_product(call: Call) -> bool:
    """`DELETE categories/:id/products/:sku`."""
    category = _existing(call, call.number("categoryId"))
    product = _product(call, call.path["sku"])
    if product.category_links.pop(category.category_id, None) is None:
        raise Refusal("The category doesn't contain the specified product.")
    return True


def list_products(call: Call) -> list[JsonObject]:
    """`GET categories/:id/products`."""
    category = _existing(call, call.number("categoryId"))
    linked = [
        (product.category_links[category.category_id], product)
        for product in call.shop.catalogue.by_age()
        if category.category_id in product.category_links
    ]
    linked.sort(key=lambda entry: entry[0])
    return [
        {"sku": product.sku, "position": position, "category_id": str(category.category_id)}
        for position, product in linked
    ]
