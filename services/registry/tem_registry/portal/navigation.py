"""The menu of each role: what it does most stands first."""

from dataclasses import dataclass

from tem.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu."""

    path: str
    vi: str
    en: str
    is_here: bool = False


PRODUCER = (
    Entry("/my", "Trang chính", "Home"),
    Entry("/my/activate", "Kích hoạt tem", "Activate stamps"),
    Entry("/my/stamps", "Tem của tôi", "My stamps"),
    Entry("/my/lots", "Lô sản xuất", "My lots"),
    Entry("/my/orders", "Đặt tem", "Orders"),
    Entry("/my/products", "Sản phẩm", "My products"),
    Entry("/my/reports", "Báo hỏng, mất", "Damaged or lost"),
    Entry("/my/corrections", "Đính chính", "Corrections"),
)
OFFICE = (
    Entry("/office", "Việc hôm nay", "Today"),
    Entry("/office/orders", "Đơn đặt tem", "Orders"),
    Entry("/office/batches", "Đợt tem", "Batches"),
    Entry("/office/stamps", "Tra một con tem", "Look up a stamp"),
    Entry("/office/lots", "Lô sản xuất", "Lots"),
    Entry("/office/producers", "Cơ sở", "Producers"),
    Entry("/office/products", "Sản phẩm", "Products"),
    Entry("/office/certificates", "Giấy chứng nhận", "Certificates"),
    Entry("/office/points-of-sale", "Điểm bán", "Points of sale"),
    Entry("/office/contracts", "Hợp đồng", "Contracts"),
    Entry("/office/figures", "Thống kê", "Figures"),
    Entry("/office/suspicious", "Tem đáng chú ý", "Stamps to look at"),
    Entry("/office/imports", "Nhập bảng tính", "Spreadsheets"),
    Entry("/office/audit", "Nhật ký", "Audit trail"),
    Entry("/office/accounts", "Tài khoản", "Accounts"),
)
# The auditor reads what is on record; these are for who changes it.
_CHANGING = {"/office/imports"}
AUDITOR = tuple(entry for entry in OFFICE if entry.path not in _CHANGING)
_MENUS = {Role.PRODUCER: PRODUCER, Role.OFFICE: OFFICE, Role.AUDITOR: AUDITOR}


def menu(role: Role | None, path: str) -> list[Entry]:
    """The lines for a role, the present page marked."""
    entries = () if role is None else _MENUS[role]
    here = max((e.path for e in entries if _is_within(path, e.path)), key=len, default="")
    return [Entry(e.path, e.vi, e.en, e.path == here) for e in entries]


def home(role: Role) -> str:
    """Where somebody begins."""
    return "/my" if role is Role.PRODUCER else "/office"


def _is_within(path: str, entry: str) -> bool:
    return path == entry or path.startswith(f"{entry}/")
