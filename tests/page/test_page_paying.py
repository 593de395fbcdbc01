"""Invoices on the page: what is told, chosen and paid."""

from typing import Any

import pytest

from tests.browser import Pages
from tests.native import RAW, Sandbox

from playwright.sync_api import expect  # isort: skip

pytestmark = pytest.mark.timeout(300)


def test_an_invoice_is_paid(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    sandbox.call(
        "sendInvoice",
        chat_id=user,
        title="Tea",
        description="Green",
        payload="tea",
        currency="XTR",
        prices=[{"label": "Tea", "amount": 5}],
    )
    page.get_by_role("button", name="Pay 5").click()
    query = sandbox.update("pre_checkout_query")
    sandbox.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
    expect(page.get_by_role("log").get_by_text("Dora paid 5 ⭐")).to_be_visible()


def test_an_order_is_shipped(pages: Pages, sandbox: Sandbox, user: int) -> None:
    """People fill in what the bot wants to know, and choose the way of shipping."""
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    price: dict[str, Any] = {"currency": "EUR", "prices": [{"label": "Tea", "amount": 500}]}
    price |= {"title": "Tea", "description": "Green", "payload": "tea", "provider_token": "1:TEST"}
    price |= {"need_email": True, "need_shipping_address": True, "is_flexible": True}
    sandbox.call("sendInvoice", chat_id=user, **price)
    page.get_by_role("button", name="Pay 5").click()
    order = page.get_by_role("dialog", name="Tea")
    order.get_by_label("Email").fill("dora@example.com")
    order.get_by_label("City").fill("Vostok")
    expect(order.get_by_label("Name")).to_have_count(0)
    page.keyboard.press("Enter")
    query = sandbox.update("shipping_query")
    assert query["shipping_address"]["city"] == "Vostok"
    answer = {"shipping_query_id": query["id"], "ok": False, "error_message": "Too cold"}
    sandbox.call("answerShippingQuery", **answer)
    expect(page.locator(".toast")).to_contain_text("Not shipped: Too cold")
    order.get_by_label("City").fill("London")
    order.get_by_role("button", name="Ways of shipping").click()
    query = sandbox.update("shipping_query")
    assert query["shipping_address"]["city"] == "London"
    ways = [
        {"id": one, "title": one.title(), "prices": [{"label": one, "amount": amount}]}
        for one, amount in (("ship", 100), ("plane", 300))
    ]
    answer = {"shipping_query_id": query["id"], "ok": True, "shipping_options": ways}
    sandbox.call("answerShippingQuery", **answer)
    page.get_by_role("radio", name="Plane: €8.00 together").check()
    page.get_by_role("button", name="Pay", exact=True).click()
    # The bot is not asked for it again.
    [update] = sandbox.call("getUpdates", timeout=20)
    query = update["pre_checkout_query"]
    assert (query["shipping_option_id"], query["total_amount"]) == ("plane", 800)
    assert query["order_info"]["email"] == "dora@example.com"
    sandbox.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
    expect(page.get_by_role("log").get_by_text("Dora paid €8.00")).to_be_visible()
