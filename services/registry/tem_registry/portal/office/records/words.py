"""What codes of records are called, in both languages, and how good or bad it is."""

from tem_registry.portal.stamp_states import Word

WORDS: dict[str, dict[str, Word]] = {
    "producer_type": {
        "cooperative": Word("Hợp tác xã", "Cooperative"),
        "cooperative_group": Word("Tổ hợp tác", "Cooperative group"),
        "household": Word("Hộ kinh doanh", "Household business"),
        "company": Word("Công ty", "Company"),
    },
    "producer_status": {
        "active": Word("Đang tham gia", "Taking part", "good"),
        "suspended": Word("Tạm dừng", "Suspended", "wait"),
        "ceased": Word("Đã thôi tham gia", "Ceased", "bad"),
    },
    "certificate": {
        "valid": Word("Còn hiệu lực", "In force", "good"),
        "expired": Word("Đã hết hạn", "Expired", "wait"),
        "revoked": Word("Đã thu hồi công nhận", "Recognition withdrawn", "bad"),
        "not_yet_valid": Word("Chưa đến ngày hiệu lực", "Not yet in force", "wait"),
    },
    "pos_type": {
        "ocop_center": Word("Trung tâm OCOP", "OCOP centre"),
        "ocop_shop": Word("Cửa hàng OCOP", "OCOP shop"),
        "tourist_site": Word("Điểm du lịch", "Tourist site"),
        "rest_stop": Word("Trạm dừng nghỉ", "Rest stop"),
        "specialty_shop": Word("Cửa hàng đặc sản", "Shop of local specialities"),
        "farm_gate": Word("Bán tại cơ sở", "At the producer’s"),
        "mini_mart": Word("Siêu thị mini", "Mini mart"),
    },
    "pos_status": {
        "active": Word("Đang hoạt động", "Open", "good"),
        "suspended": Word("Tạm dừng", "Suspended", "wait"),
        "closed": Word("Đã đóng cửa", "Closed", "bad"),
    },
    "contract": {
        "valid": Word("Còn hiệu lực", "In force", "good"),
        "expired": Word("Đã hết hạn", "Expired", "wait"),
        "not_yet_valid": Word("Chưa đến ngày hiệu lực", "Not yet in force", "wait"),
    },
    "date_kind": {
        "best_before": Word("Sử dụng tốt nhất trước ngày…", "Best before"),
        "use_by": Word("Hạn sử dụng (HSD)", "Use by"),
        "none": Word("Nhãn không ghi hạn", "No date on the label"),
    },
    "production_date_kind": {
        "production_date": Word("Ngày sản xuất (NSX)", "Production date"),
        "packing_date": Word("Ngày đóng gói", "Packing date"),
    },
    "unit_of_time": {"month": Word("tháng", "months"), "day": Word("ngày", "days")},
    "stars": {
        "3": Word("3 sao", "3 stars"),
        "4": Word("4 sao", "4 stars"),
        "5": Word("5 sao", "5 stars"),
    },
    "missing": {
        "image": Word("ảnh sản phẩm", "a picture"),
        "process": Word("quy trình chế biến", "the process"),
        "declared_standard": Word("tiêu chuẩn công bố (TCCS)", "the declared standard"),
        "shelf_life": Word("thời hạn sử dụng", "the shelf life"),
    },
    "stampable": {
        "true": Word("Được dán tem", "May carry stamps"),
        "false": Word("Không dán tem", "No stamps"),
    },
    "recall_kind": {
        "voluntary": Word("Cơ sở tự nguyện thu hồi lô", "Voluntary, by the producer"),
        "mandatory": Word("Thu hồi lô bắt buộc", "Mandatory"),
    },
    "lot_recall": {
        "true": Word("Đang thu hồi lô", "Under recall"),
        "false": Word("Lô không bị thu hồi", "Not under recall"),
    },
    "date_basis": {
        "computed_from_shelf_life": Word("tính từ thời hạn của sản phẩm", "from the shelf life"),
        "declared": Word("theo nhãn", "as on the label"),
        "no_expiry_declared": Word("nhãn không ghi hạn", "no date on the label"),
    },
    "doubt": {
        "production_date_in_future": Word("ngày này chưa đến", "it has not come yet"),
        "past_date": Word("ngày này đã qua", "it has passed"),
        "before_production": Word("trước ngày sản xuất", "before the production date"),
    },
}
