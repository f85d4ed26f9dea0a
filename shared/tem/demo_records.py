"""What the demo adds to the sample, so that it works in any year: certificate, picture, shops."""

from datetime import date, timedelta

from tem import demo_picture
from tem.dates import add_months
from tem.demo_client import Caller, say

PRODUCER, PRODUCT = "HT-P001", "HT-SP001"
SHOPS = ("HT-DB01", "HT-DB02")


def prepare(office: Caller, today: date) -> None:
    """All of it; a second demo of a day finds some of it there."""
    certify(office, today)
    show_a_picture(office)
    sell(office, today)


def certify(office: Caller, today: date) -> None:
    """A fresh certificate, marked as sample, so that the demo works in any year."""
    decided = today - timedelta(days=30)
    office.post(
        "/v1/certificates",
        {
            "certificate_id": f"DEMO-CN-{today.isoformat()}",
            "product_id": PRODUCT,
            "stars": 4,
            "decision_no": f"{today:%d%m%y}/QĐ-DEMO (mẫu)",
            "decision_date": decided.isoformat(),
            "issuing_authority": "UBND tỉnh Hà Tĩnh",
            "legal_basis": "QĐ 1489/QĐ-TTg",
            "valid_from": decided.isoformat(),
            "valid_until": add_months(decided, 36).isoformat(),
            "sample": True,
        },
        allow=(409,),  # the second demo of a day finds it there
    )
    say(
        f"1. Đã ghi giấy chứng nhận OCOP mẫu cho {PRODUCT}.",
        f"1. A sample OCOP certificate is on record for {PRODUCT}.",
    )


def show_a_picture(office: Caller) -> None:
    """A picture of the product, sent as a file and named by its record."""
    sent = office.send("/v1/files", demo_picture.draw(), "image/jpeg")
    office.patch(f"/v1/products/{PRODUCT}", {"image": sent["file_id"]})
    say("   Đã thêm ảnh sản phẩm.", "   The product has a picture.")


def sell(office: Caller, today: date) -> None:
    """Contracts with two shops, marked as sample."""
    for shop in SHOPS:
        office.post(
            "/v1/contracts",
            {
                "contract_id": f"DEMO-HD-{shop}-{today.isoformat()}",
                "contract_no": f"{today:%d%m%y}/HĐ-DEMO (mẫu)",
                "pos_id": shop,
                "producer_id": PRODUCER,
                "product_ids": [PRODUCT],
                "signed_on": today.isoformat(),
                "valid_until": add_months(today, 12).isoformat(),
                "sample": True,
            },
            allow=(409,),  # the second demo of a day finds it there
        )
    say("   Hai điểm bán có hợp đồng.", "   Two shops have a contract for it.")
