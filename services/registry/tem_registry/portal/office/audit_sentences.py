"""A sentence for each action of the audit trail, in Vietnamese and English.

It tells what was done; who did it and to what stand beside it. ``{name}`` is a member of the
entry's details; of several sentences the first one counts whose members are all there.
"""

from collections.abc import Sequence

Both = tuple[str, str]  # Vietnamese, English

SENTENCES: dict[str, Sequence[Both]] = {
    "producer.added": [("Thêm cơ sở vào danh mục", "Added the producer")],
    "producer.changed": [("Sửa thông tin cơ sở", "Changed the producer's record")],
    "product.added": [("Thêm sản phẩm vào danh mục", "Added the product")],
    "product.changed": [("Sửa thông tin sản phẩm", "Changed the product's record")],
    "point_of_sale.added": [("Thêm điểm bán", "Added the point of sale")],
    "point_of_sale.changed": [("Sửa thông tin điểm bán", "Changed the point of sale")],
    "contract.added": [("Thêm hợp đồng phân phối", "Added the distribution contract")],
    "contract.changed": [("Sửa hợp đồng phân phối", "Changed the distribution contract")],
    "certificate.added": [("Ghi giấy chứng nhận OCOP", "Recorded the OCOP certificate")],
    "certificate.changed": [("Sửa giấy chứng nhận OCOP", "Changed the OCOP certificate")],
    "certificate.withdrawn": [
        (
            "Thu hồi quyết định công nhận từ ngày {revoked_on}; {stamps_revoked} tem chưa dùng bị "
            "thu hồi theo",
            "Withdrew the recognition as of {revoked_on}; {stamps_revoked} unused stamps were "
            "revoked with it",
        ),
        ("Thu hồi quyết định công nhận", "Withdrew the recognition"),
    ],
    "council_result.recorded": [
        (
            "Ghi kết quả đánh giá, phân hạng theo quyết định {decision_no}",
            "Recorded a council's result by decision {decision_no}",
        ),
        ("Ghi kết quả đánh giá, phân hạng", "Recorded a council's result"),
    ],
    "file.stored": [("Gửi tệp lên", "Sent a file")],
    "order.requested": [
        (
            "Đặt {quantity} tem cho sản phẩm {product_id}",
            "Ordered {quantity} stamps for product {product_id}",
        ),
        ("Đặt tem", "Ordered stamps"),
    ],
    "order.approved": [("Duyệt đơn đặt tem", "Approved the order")],
    "order.rejected": [
        ("Từ chối đơn đặt tem: {reason}", "Rejected the order: {reason}"),
        ("Từ chối đơn đặt tem", "Rejected the order"),
    ],
    "order.cancelled": [
        ("Hủy đơn đặt tem: {reason}", "Cancelled the order: {reason}"),
        ("Hủy đơn đặt tem", "Cancelled the order"),
    ],
    "order.sent": [
        ("Gửi đơn sang nơi phát hành: đợt {batch}", "Sent to the issuer as batch {batch}"),
        ("Gửi đơn sang nơi phát hành", "Sent to the issuer"),
    ],
    "order.failed": [
        ("Không phát hành được: {why}", "Could not be issued: {why}"),
        ("Không phát hành được", "Could not be issued"),
    ],
    "order.taken_over": [("Nhận đơn từ hệ thống trước", "Taken over from the system before")],
    "batch.issued": [
        ("Phát hành {quantity} tem theo đơn {order}", "Issued {quantity} stamps of order {order}"),
        ("Phát hành đợt tem", "Issued the batch"),
    ],
    "batch.printed": [
        ("In xong {printed} tem", "Printed {printed} stamps"),
        ("Ghi nhận kết quả in", "Reported the print run"),
    ],
    "batch.delivered": [
        (
            "Giao tem số {ranges} cho cơ sở ngày {delivered_on}",
            "Handed over stamps {ranges} on {delivered_on}",
        ),
        ("Giao tem cho cơ sở", "Handed the stamps over"),
    ],
    "batch.received": [
        (
            "Cơ sở xác nhận nhận {quantity} tem (đã giao {delivered})",
            "The producer confirmed {quantity} stamps ({delivered} handed over)",
        ),
        ("Xác nhận số tem đã nhận", "Confirmed how many stamps came"),
    ],
    "stamps.activated": [
        (
            "Kích hoạt tem số {first}–{last} của đợt {batch} cho lô",
            "Activated stamps {first}–{last} of batch {batch} for the lot",
        ),
        ("Kích hoạt tem", "Activated stamps"),
    ],
    "stamps.corrected": [
        (
            "Đính chính kích hoạt: tem số {first}–{last} chuyển sang lô {lot_id}",
            "Corrected an activation: stamps {first}–{last} now belong to lot {lot_id}",
        ),
        (
            "Đính chính kích hoạt: tem số {first}–{last} trở lại chưa kích hoạt",
            "Corrected an activation: stamps {first}–{last} are not activated again",
        ),
        ("Đính chính kích hoạt", "Corrected an activation"),
    ],
    "stamps.void": [
        ("Hủy tem số {first}–{last}: {reason}", "Voided stamps {first}–{last}: {reason}"),
        ("Hủy tem", "Voided stamps"),
    ],
    "stamps.revoked": [
        ("Thu hồi tem số {first}–{last}: {reason}", "Revoked stamps {first}–{last}: {reason}"),
        ("Thu hồi tem", "Revoked stamps"),
    ],
    "stamps.redated": [
        (
            "Đổi ngày thu hồi tem số {ranges} thành {revoked_on}",
            "Revoked stamps {ranges} as of {revoked_on} instead",
        ),
        ("Đổi ngày thu hồi tem", "Changed the day from which stamps are revoked"),
    ],
    "stamps.returned": [
        (
            "Nhận lại tem số {first}–{last} từ cơ sở: {reason}",
            "Took back stamps {first}–{last} from the producer: {reason}",
        ),
        ("Nhận lại tem từ cơ sở", "Took stamps back from the producer"),
    ],
    "void_report.added": [
        (
            "Báo tem số {first}–{last} của đợt {batch}: {kind}",
            "Reported stamps {first}–{last} of batch {batch}: {kind}",
        ),
        ("Báo hỏng hoặc báo mất tem", "Reported damaged or lost stamps"),
    ],
    "void_report.confirmed": [
        (
            "Xác nhận báo cáo, hủy tem số {first}–{last} của đợt {batch}",
            "Confirmed the report, which voided stamps {first}–{last} of batch {batch}",
        ),
        ("Xác nhận báo hỏng, báo mất tem", "Confirmed the report"),
    ],
    "void_report.dismissed": [("Bác báo hỏng, báo mất tem", "Dismissed the report")],
    "correction_request.added": [
        (
            "Đề nghị đính chính tem số {first}–{last} của đợt {batch}",
            "Asked to correct stamps {first}–{last} of batch {batch}",
        ),
        ("Đề nghị đính chính kích hoạt", "Asked for a correction"),
    ],
    "correction_request.accepted": [("Chấp nhận đề nghị đính chính", "Accepted the correction")],
    "correction_request.refused": [("Từ chối đề nghị đính chính", "Refused the correction")],
    "correction_request.withdrawn": [("Rút đề nghị đính chính", "Took the request back")],
    "lot.added": [
        ("Ghi lô mới của sản phẩm {product_id}", "Recorded a lot of product {product_id}"),
        ("Ghi lô mới", "Recorded a lot"),
    ],
    "lot.corrected": [("Sửa thông tin lô", "Corrected the lot")],
    "lot.date_approved": [
        (
            "Duyệt hạn sử dụng dài hơn thời hạn bảo quản",
            "Approved a date beyond the shelf life",
        )
    ],
    "lot.recalled": [
        (
            "Thông báo thu hồi sản phẩm của lô: {reason_public}",
            "Announced the recall of the lot's goods: {reason_public}",
        ),
        ("Thông báo thu hồi sản phẩm của lô", "Announced the recall of the lot's goods"),
    ],
    "lot.recall_lifted": [
        ("Gỡ thông báo thu hồi sản phẩm của lô", "Lifted the recall of the lot's goods")
    ],
    "lot.purged": [
        ("Hủy hồ sơ lô đã hết thời hạn lưu", "Destroyed the record of a lot, its term over")
    ],
    "lots.forgotten": [
        (
            "Gỡ thông tin của {lots} lô đã quá thời hạn hiển thị",
            "Took {lots} lots off the public page, their term over",
        ),
        ("Gỡ thông tin lô đã quá thời hạn hiển thị", "Took lots off the public page"),
    ],
    "lots.window_changed": [
        (
            "Tính lại thời hạn hiển thị của {lots} lô",
            "Worked out anew how long {lots} lots are shown",
        ),
        ("Tính lại thời hạn hiển thị của lô", "Worked out anew how long lots are shown"),
    ],
    "import.read": [("Đọc bảng tính để xem trước", "Read a spreadsheet for a preview")],
    "import.applied": [
        (
            "Nhập bảng tính: {new} dòng mới, {changed} dòng sửa",
            "Took a spreadsheet over: {new} new, {changed} changed",
        ),
        ("Nhập bảng tính", "Took a spreadsheet over"),
    ],
    "import.dropped": [
        (
            "Bỏ bảng tính, không nhập, vì quá {after_days} ngày không ai xử lý",
            "Dropped the spreadsheet, left unattended for {after_days} days",
        ),
        ("Bỏ bảng tính, không nhập", "Dropped the spreadsheet"),
    ],
    "suspect.confirmed": [
        ("Kết luận: mã tem đúng là bị sao chép", "Decided that the code was copied"),
    ],
    "suspect.false_alarm": [
        ("Kết luận: báo động nhầm về con tem", "Decided that it was a false alarm"),
    ],
    "shopper_report.handled": [
        ("Xử lý xong phản ánh của người mua", "Closed a shopper's report"),
    ],
    "account.invited": [
        ("Mời {login} dùng hệ thống ({role})", "Invited {login} ({role})"),
        ("Mời dùng hệ thống", "Invited somebody"),
    ],
    "account.taken_up": [("Nhận lời mời và đặt mật khẩu", "Took the invitation up")],
    "account.signed_in": [("Đăng nhập", "Signed in")],
    "account.password_changed": [("Đổi mật khẩu", "Changed the password")],
    "account.reset": [("Cấp mã mời mới", "Made a new invitation code")],
    "account.disabled": [("Khóa tài khoản", "Disabled the account")],
    "account.enabled": [("Mở lại tài khoản", "Enabled the account again")],
    "key.created": [
        ("Tạo khóa API “{name}” ({role})", "Made the API key “{name}” ({role})"),
        ("Tạo khóa API", "Made an API key"),
    ],
    "key.revoked": [("Vô hiệu khóa API", "Revoked the API key")],
    "audit.key_made": [("Tạo khóa ký nhật ký", "Made the key that signs the audit trail")],
    "restore.accepted": [
        (
            "Chấp nhận khôi phục từ bản sao lưu: kỳ {epoch}",
            "Accepted a restore from a backup: epoch {epoch}",
        ),
        ("Chấp nhận khôi phục từ bản sao lưu", "Accepted a restore from a backup"),
    ],
}
