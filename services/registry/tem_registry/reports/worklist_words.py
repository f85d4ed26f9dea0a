"""What the groups of the list of work are called and what is to be done, in both languages. Pure.

Their order is that of the list: what the public may be harmed by comes first.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Said(NamedTuple):
    """A sentence in Vietnamese and in English."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group: ``kind`` is what its ids name (``lot``, ``order``, ``batch``…)."""

    kind: str
    title: Said
    to_do: Said


_RECALL = Said("Lô đang bị thu hồi sản phẩm", "Lots under recall")
_LAPSING = Said("Giấy chứng nhận hết hạn trong 60 ngày", "Certificates that lapse within 60 days")
_FAILED = Said("Đơn đặt tem không phát hành được", "Orders that could not be issued")

OFFICE = {
    "recall_in_force": Group(
        "lot",
        _RECALL,
        Said(
            "Theo dõi việc thu hồi sản phẩm của lô; xong thì gỡ thông báo.",
            "Follow the recall of the lot's goods; lift it when it is over.",
        ),
    ),
    "stamps_missing": Group(
        "batch",
        Said("Đợt tem nhận thiếu", "Batches with missing stamps"),
        Said(
            "Tìm số tem thiếu; không thấy thì hủy tem với lý do mất hoặc bị lấy cắp.",
            "Look for the missing stamps; void as lost or stolen those not found.",
        ),
    ),
    "void_report_open": Group(
        "void_report",
        Said("Báo hỏng, báo mất tem chờ xử lý", "Reports of damaged or lost stamps"),
        Said(
            "Xác nhận để hủy các tem này, hoặc bác báo cáo kèm lý do.",
            "Confirm, which voids these stamps, or dismiss with a note.",
        ),
    ),
    "correction_open": Group(
        "correction_request",
        Said("Đề nghị đính chính kích hoạt nhầm", "Requests to correct an activation"),
        Said(
            "Chấp nhận để gắn tem sang đúng lô, hoặc từ chối kèm lý do.",
            "Accept, which ties the stamps to the right lot, or refuse with a note.",
        ),
    ),
    "order_to_approve": Group(
        "order",
        Said("Đơn đặt tem chờ duyệt", "Orders waiting for approval"),
        Said("Duyệt hoặc từ chối đơn.", "Approve or reject the order."),
    ),
    "order_for_second_approval": Group(
        "order",
        Said("Đơn đặt tem chờ người thứ hai duyệt", "Orders waiting for a second person"),
        Said(
            "Một người khác với người đã duyệt cần duyệt đơn này.",
            "Somebody other than who approved it must approve this order.",
        ),
    ),
    "order_failed": Group(
        "order",
        _FAILED,
        Said(
            "Xem lý do trong đơn, khắc phục rồi đặt lại.",
            "See the order for the reason, put it right, then order anew.",
        ),
    ),
    "date_to_approve": Group(
        "lot",
        Said("Hạn sử dụng vượt thời hạn bảo quản chờ duyệt", "Dates beyond the shelf life"),
        Said(
            "Đối chiếu nhãn, rồi duyệt hạn hoặc sửa ngày của lô.",
            "Compare with the label, then approve the date or correct the lot.",
        ),
    ),
    "batch_to_print": Group(
        "batch",
        Said("Đợt tem đã phát hành, chưa in", "Batches issued and not printed"),
        Said(
            "Tải tệp in, in, rồi ghi nhận kết quả in.",
            "Download the print file, print, then report the print run.",
        ),
    ),
    "batch_to_deliver": Group(
        "batch",
        Said("Đợt tem chưa giao hết", "Batches with stamps to hand over"),
        Said(
            "Giao tem cho cơ sở và ghi nhận biên bản giao.",
            "Hand the stamps over and record the receipt.",
        ),
    ),
    "delivery_to_confirm": Group(
        "batch",
        Said("Đã giao, cơ sở chưa xác nhận nhận tem", "Deliveries not confirmed"),
        Said(
            "Nhắc cơ sở đếm và xác nhận số tem đã nhận.",
            "Ask the producer to count the stamps and confirm them.",
        ),
    ),
    "certificate_lapsing": Group(
        "certificate",
        _LAPSING,
        Said(
            "Báo cơ sở nộp hồ sơ đánh giá lại; hết hạn thì không đặt thêm tem được.",
            "Tell the producer to apply for re-evaluation; once lapsed no stamps can be ordered.",
        ),
    ),
    "import_open": Group(
        "import_draft",
        Said("Bảng tính nhập dở dang", "Spreadsheets not taken over yet"),
        Said("Xem lại rồi nhập hoặc bỏ.", "Look through it, then take it over or drop it."),
    ),
}
PRODUCER = {
    "recall_in_force": Group(
        "lot",
        _RECALL,
        Said(
            "Ngừng bán và thu lại sản phẩm của lô này.",
            "Stop selling this lot and take its goods back.",
        ),
    ),
    "delivery_to_confirm": Group(
        "batch",
        Said("Tem đã giao, chờ bạn xác nhận", "Stamps delivered, to be confirmed by you"),
        Said("Đếm tem rồi xác nhận số đã nhận.", "Count the stamps, then confirm how many came."),
    ),
    "lot_without_stamps": Group(
        "lot",
        Said("Lô chưa gắn tem", "Lots without stamps"),
        Said("Kích hoạt tem cho lô này.", "Activate stamps for this lot."),
    ),
    "order_in_progress": Group(
        "order",
        Said("Đơn đặt tem đang xử lý", "Orders under way"),
        Said("Theo dõi; chưa cần làm gì.", "Follow it; nothing to do yet."),
    ),
    "order_failed": Group(
        "order",
        _FAILED,
        Said("Hỏi văn phòng, rồi đặt lại.", "Ask the office, then order anew."),
    ),
    "certificate_lapsing": Group(
        "certificate",
        _LAPSING,
        Said(
            "Nộp hồ sơ đánh giá lại trước ngày hết hạn.",
            "Apply for re-evaluation before the term ends.",
        ),
    ),
}
