BEGIN TRANSACTION;
CREATE TABLE activation (
	id INTEGER NOT NULL, 
	lot_id VARCHAR(64), 
	batch BIGINT NOT NULL, 
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	activated_at DATETIME NOT NULL, 
	actor VARCHAR(100) NOT NULL, 
	reason TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(lot_id) REFERENCES lot (id), 
	FOREIGN KEY(batch) REFERENCES stamp_batch (number)
);
INSERT INTO "activation" VALUES(1,'L1',1,1,40,'2026-11-20 02:00:00.000000','office:Lan#1',NULL);
CREATE TABLE api_key (
	id VARCHAR(12) NOT NULL, 
	name VARCHAR(60) NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	producer_id VARCHAR(64), 
	secret_hash VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	revoked_at DATETIME, 
	PRIMARY KEY (id)
);
INSERT INTO "api_key" VALUES('02f4380b845a','Lan','office',NULL,'87c7edbd7bf5bacacc3b4d43ebaa70d9b07569c9f8ef1ddc3607b7f6d006995f','2026-11-20 02:00:00.000000',NULL);
CREATE TABLE approval (
	order_id VARCHAR(64) NOT NULL, 
	approver VARCHAR(100) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (order_id, approver), 
	FOREIGN KEY(order_id) REFERENCES stamp_order (id)
);
CREATE TABLE audit_entry (
	seq INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	actor VARCHAR(100) NOT NULL, 
	action VARCHAR(60) NOT NULL, 
	object VARCHAR(120) NOT NULL, 
	request_id VARCHAR(64) NOT NULL, 
	details TEXT NOT NULL, 
	prev_hash VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "audit_entry" VALUES(1,'2026-11-20 02:00:00.000000','office:Lan#1','producer.added','producer:P1','','{"fields": ["address", "email", "name", "phone", "producer_id", "producer_type", "representative", "status", "status_since", "tax_code"]}','0000000000000000000000000000000000000000000000000000000000000000','9a068b0118a307b11657228cb43ff44a15b2af9c401307e463060dc1a522a87c');
INSERT INTO "audit_entry" VALUES(2,'2026-11-20 02:00:00.000000','office:Lan#1','producer.added','producer:P2','','{"fields": ["address", "email", "name", "phone", "producer_id", "producer_type", "representative", "status", "status_since", "tax_code"]}','9a068b0118a307b11657228cb43ff44a15b2af9c401307e463060dc1a522a87c','283e26776553a7a8f03a9922ec09fbc80ba405ea2169734c076bbb23f08d8bab');
INSERT INTO "audit_entry" VALUES(3,'2026-11-20 02:00:00.000000','office:Lan#1','product.added','product:SP1','','{"fields": ["category_code", "date_kind", "name", "producer_id", "product_id", "production_date_kind", "shelf_life", "stampable", "unit"]}','283e26776553a7a8f03a9922ec09fbc80ba405ea2169734c076bbb23f08d8bab','7e47c480bfeeb9c472cb6904e26618c419097da11f77bf9ce3ee7f0bd8d9bb6b');
INSERT INTO "audit_entry" VALUES(4,'2026-11-20 02:00:00.000000','office:Lan#1','certificate.added','certificate:CN-SP1','','{"fields": ["certificate_id", "decision_date", "decision_no", "issuing_authority", "product_id", "stars", "valid_from", "valid_until"]}','7e47c480bfeeb9c472cb6904e26618c419097da11f77bf9ce3ee7f0bd8d9bb6b','ce707da79169f8bef6b557f6caa49d2aed09f71a920e153f4653d1eb46c319f5');
INSERT INTO "audit_entry" VALUES(5,'2026-11-20 02:00:00.000000','office:Lan#1','product.added','product:SP2','','{"fields": ["category_code", "date_kind", "name", "producer_id", "product_id", "production_date_kind", "shelf_life", "stampable", "unit"]}','ce707da79169f8bef6b557f6caa49d2aed09f71a920e153f4653d1eb46c319f5','4447fc2afb278f1fd552750edfad8de2ed55f9145b9b6fed0379fa01caa4c9da');
INSERT INTO "audit_entry" VALUES(6,'2026-11-20 02:00:00.000000','office:Lan#1','certificate.added','certificate:CN-SP2','','{"fields": ["certificate_id", "decision_date", "decision_no", "issuing_authority", "product_id", "stars", "valid_from", "valid_until"]}','4447fc2afb278f1fd552750edfad8de2ed55f9145b9b6fed0379fa01caa4c9da','e79caeefd6363388214cec5db6d6771a6af4014c45a5376f18086c3bcea65cf7');
INSERT INTO "audit_entry" VALUES(7,'2026-11-20 02:00:00.000000','office:Lan#1','product.added','product:SP3','','{"fields": ["category_code", "date_kind", "name", "producer_id", "product_id", "production_date_kind", "shelf_life", "stampable", "unit"]}','e79caeefd6363388214cec5db6d6771a6af4014c45a5376f18086c3bcea65cf7','95c15d7dbdd811e9d77ca81939fffa143ce32db59328441e4932e36523d02507');
INSERT INTO "audit_entry" VALUES(8,'2026-11-20 02:00:00.000000','office:Lan#1','certificate.added','certificate:CN-SP3','','{"fields": ["certificate_id", "decision_date", "decision_no", "issuing_authority", "product_id", "stars", "valid_from", "valid_until"]}','95c15d7dbdd811e9d77ca81939fffa143ce32db59328441e4932e36523d02507','5cbb10c79ebd7d62d4fe78c7951ba57b4bf873b53aea71a7bef410e5dbaf7f86');
INSERT INTO "audit_entry" VALUES(9,'2026-11-20 02:00:00.000000','test','key.created','key:02f4380b845a','','{"name": "Lan", "producer_id": null, "role": "office"}','5cbb10c79ebd7d62d4fe78c7951ba57b4bf873b53aea71a7bef410e5dbaf7f86','07b561068e9c568b0f787915fa870cb940038aa209ad92086dc93bf81ed952c2');
INSERT INTO "audit_entry" VALUES(10,'2026-11-20 02:00:00.000000','office:Lan#1','batch.delivered','batch:1','','{"delivered_on": "2026-11-20", "ranges": [[1, 100]], "receipt": "BB-1"}','07b561068e9c568b0f787915fa870cb940038aa209ad92086dc93bf81ed952c2','63b2e4a4306b7f7990c79ec69af94a3a5584ab6ddb4cdbb712cab4c37c60a4b9');
INSERT INTO "audit_entry" VALUES(11,'2026-11-20 02:00:00.000000','office:Lan#1','batch.delivered','batch:2','','{"delivered_on": "2026-11-20", "ranges": [[1, 100]], "receipt": "BB-1"}','63b2e4a4306b7f7990c79ec69af94a3a5584ab6ddb4cdbb712cab4c37c60a4b9','0423cab97215cc61f23c76d26787e04fabc93a216ef896c3d24d732a685c9ff0');
INSERT INTO "audit_entry" VALUES(12,'2026-11-20 02:00:00.000000','office:Lan#1','lot.added','lot:L1','','{"beyond_shelf_life": false, "product_id": "SP1"}','0423cab97215cc61f23c76d26787e04fabc93a216ef896c3d24d732a685c9ff0','20e5925f2abf4e3901e892e770d05975877b1c9a53cd866bf4e39b3a26a1cc16');
INSERT INTO "audit_entry" VALUES(13,'2026-11-20 02:00:00.000000','office:Lan#1','stamps.activated','lot:L1','','{"batch": 1, "first": 1, "last": 40}','20e5925f2abf4e3901e892e770d05975877b1c9a53cd866bf4e39b3a26a1cc16','b56d0a08b50aad816338a1026920c652df31e5b3aac41f05b64f5352552fa436');
INSERT INTO "audit_entry" VALUES(14,'2026-11-20 02:00:00.000000','office:Lan#1','stamps.void','batch:1','','{"first": 90, "last": 100, "reason": "misprint"}','b56d0a08b50aad816338a1026920c652df31e5b3aac41f05b64f5352552fa436','d213bf512ad1c5129759725cd0495b2a742cae2774013dc41190f6ea6d5a6698');
CREATE TABLE audit_head (
	id INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit_head" VALUES(1,14,'d213bf512ad1c5129759725cd0495b2a742cae2774013dc41190f6ea6d5a6698');
CREATE TABLE certificate (
	id VARCHAR(64) NOT NULL, 
	product_id VARCHAR(64) NOT NULL, 
	record TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(product_id) REFERENCES product (id)
);
INSERT INTO "certificate" VALUES('CN-SP1','SP1','{"certificate_id": "CN-SP1", "product_id": "SP1", "stars": 4, "decision_no": "CN-SP1/QĐ-UBND", "decision_date": "2024-12-31", "issuing_authority": "UBND tỉnh Hà Tĩnh", "valid_from": "2024-12-31", "valid_until": "2027-12-31"}');
INSERT INTO "certificate" VALUES('CN-SP2','SP2','{"certificate_id": "CN-SP2", "product_id": "SP2", "stars": 4, "decision_no": "CN-SP2/QĐ-UBND", "decision_date": "2024-12-31", "issuing_authority": "UBND tỉnh Hà Tĩnh", "valid_from": "2024-12-31", "valid_until": "2027-12-31"}');
INSERT INTO "certificate" VALUES('CN-SP3','SP3','{"certificate_id": "CN-SP3", "product_id": "SP3", "stars": 4, "decision_no": "CN-SP3/QĐ-UBND", "decision_date": "2024-12-31", "issuing_authority": "UBND tỉnh Hà Tĩnh", "valid_from": "2024-12-31", "valid_until": "2027-12-31"}');
CREATE TABLE contract (
	id VARCHAR(64) NOT NULL, 
	producer_id VARCHAR(64) NOT NULL, 
	pos_id VARCHAR(64) NOT NULL, 
	record TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(producer_id) REFERENCES producer (id), 
	FOREIGN KEY(pos_id) REFERENCES point_of_sale (id)
);
CREATE TABLE council_result (
	id VARCHAR(64) NOT NULL, 
	product_id VARCHAR(64) NOT NULL, 
	certificate_id VARCHAR(64), 
	record TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(product_id) REFERENCES product (id), 
	FOREIGN KEY(certificate_id) REFERENCES certificate (id)
);
CREATE TABLE file_sender (
	file_id VARCHAR(64) NOT NULL, 
	producer_id VARCHAR(64) NOT NULL, 
	PRIMARY KEY (file_id, producer_id), 
	FOREIGN KEY(file_id) REFERENCES stored_file (id), 
	FOREIGN KEY(producer_id) REFERENCES producer (id)
);
CREATE TABLE idempotency (
	tenant VARCHAR(100) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	request_hash VARCHAR(64) NOT NULL, 
	answer TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	operation VARCHAR(200) NOT NULL, 
	PRIMARY KEY (tenant, "key")
);
CREATE TABLE import_ledger (
	kind VARCHAR(20) NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (kind, id)
);
CREATE TABLE lot (
	id VARCHAR(64) NOT NULL, 
	product_id VARCHAR(64) NOT NULL, 
	producer_id VARCHAR(64) NOT NULL, 
	lot_code VARCHAR(60), 
	production_date DATE, 
	production_date_kind VARCHAR(20), 
	best_before DATE, 
	info_expires_on DATE, 
	window_ends_on DATE NOT NULL, 
	undated BOOLEAN NOT NULL, 
	best_before_basis VARCHAR(40), 
	precision VARCHAR(5), 
	quantity INTEGER, 
	unit VARCHAR(40), 
	beyond_shelf_life BOOLEAN NOT NULL, 
	beyond_approved_by VARCHAR(100), 
	created_at DATETIME NOT NULL, 
	purged_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(product_id) REFERENCES product (id), 
	FOREIGN KEY(producer_id) REFERENCES producer (id)
);
INSERT INTO "lot" VALUES('L1','SP1','P1','code-L1','2026-10-20','production_date','2027-10-20','2027-11-20','2027-11-20',0,'computed_from_shelf_life','day',1000,'chai',0,NULL,'2026-11-20 02:00:00.000000',NULL);
CREATE TABLE point_of_sale (
	id VARCHAR(64) NOT NULL, 
	record TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE producer (
	id VARCHAR(64) NOT NULL, 
	commune_code VARCHAR(10), 
	record TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "producer" VALUES('P1','18781','{"status": "active", "status_since": "2026-11-20", "producer_id": "P1", "name": "Hợp tác xã P1", "producer_type": "cooperative", "representative": "Lê Thị Kín", "phone": "0239 000 0001", "email": "P1@example.example", "tax_code": "3000000001", "address": {"commune": "Phường Hải Ninh", "province_code": "42", "province": "Tỉnh Hà Tĩnh", "full": "Thôn P1, Tỉnh Hà Tĩnh", "commune_code": "18781"}}');
INSERT INTO "producer" VALUES('P2','18781','{"status": "active", "status_since": "2026-11-20", "producer_id": "P2", "name": "Hợp tác xã P2", "producer_type": "cooperative", "representative": "Lê Thị Kín", "phone": "0239 000 0002", "email": "P2@example.example", "tax_code": "3000000001", "address": {"commune": "Phường Hải Ninh", "province_code": "42", "province": "Tỉnh Hà Tĩnh", "full": "Thôn P2, Tỉnh Hà Tĩnh", "commune_code": "18781"}}');
CREATE TABLE producer_status (
	producer_id VARCHAR(64) NOT NULL, 
	since DATE NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	PRIMARY KEY (producer_id, since), 
	FOREIGN KEY(producer_id) REFERENCES producer (id)
);
INSERT INTO "producer_status" VALUES('P1','2026-11-20','active');
INSERT INTO "producer_status" VALUES('P2','2026-11-20','active');
CREATE TABLE product (
	id VARCHAR(64) NOT NULL, 
	producer_id VARCHAR(64) NOT NULL, 
	record TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(producer_id) REFERENCES producer (id)
);
INSERT INTO "product" VALUES('SP1','P1','{"product_id": "SP1", "producer_id": "P1", "name": "Nước mắm SP1", "category_code": "I.4.a", "unit": "chai", "shelf_life": {"value": 12, "unit": "month"}, "date_kind": "best_before", "production_date_kind": "production_date", "stampable": true}');
INSERT INTO "product" VALUES('SP2','P1','{"product_id": "SP2", "producer_id": "P1", "name": "Nước mắm SP2", "category_code": "I.4.a", "unit": "chai", "shelf_life": {"value": 12, "unit": "month"}, "date_kind": "best_before", "production_date_kind": "production_date", "stampable": true}');
INSERT INTO "product" VALUES('SP3','P2','{"product_id": "SP3", "producer_id": "P2", "name": "Nước mắm SP3", "category_code": "I.4.a", "unit": "chai", "shelf_life": {"value": 12, "unit": "month"}, "date_kind": "best_before", "production_date_kind": "production_date", "stampable": true}');
CREATE TABLE published_batch (
	number BIGINT NOT NULL, 
	manifest TEXT NOT NULL, 
	signature BLOB NOT NULL, 
	product_id VARCHAR(64) NOT NULL, 
	producer_id VARCHAR(64) NOT NULL, 
	change BIGINT NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "published_batch" VALUES(1,'{"batch":1,"code_file_sha256":"0000000000000000000000000000000000000000000000000000000000000000","fingerprints_sha256":"69f7249ea624ac18a13382e8fd9dc1cd5db3a2a5651b818bfd8ac62eeaa80df5","format":"tem-manifest-v1","hashes_sha256":"0000000000000000000000000000000000000000000000000000000000000000","host":"tem.example.vn","issued_at":"2026-11-20T02:00:00Z","last_index":103,"office_key_id":"619c355cc601a6b5f1113a4f410c2c9b1ff52072609d35ae1c5512e8de877f3a","producer":"P1","product":"SP1","public_key":"89f41403097ac4fd1d9f09799eb414a5753504d144aaebecf6e140833d2cba3e","quantity":100}',X'33BDA06197067E9189F8CAFCB811D0D77E43EE0E2AE4B91BA9F3011D2FF76483FFFA041E15AB63119BB20A2D1A134BD965BA789D685B9696FDE69F5D0D28F30B','SP1','P1',9);
INSERT INTO "published_batch" VALUES(2,'{"batch":2,"code_file_sha256":"0000000000000000000000000000000000000000000000000000000000000000","fingerprints_sha256":"016e10bc82608a070450d5e21d10b267af50185cacba9ad7fbd88e1e1646a16f","format":"tem-manifest-v1","hashes_sha256":"0000000000000000000000000000000000000000000000000000000000000000","host":"tem.example.vn","issued_at":"2026-11-20T02:00:00Z","last_index":103,"office_key_id":"619c355cc601a6b5f1113a4f410c2c9b1ff52072609d35ae1c5512e8de877f3a","producer":"P1","product":"SP1","public_key":"10ffd6a11da460a01301e318c69bff7884a80b5b113b4794ec785b825f79ded2","quantity":100}',X'C15AD6C817367EDBEBEAD8F3D848437C37E9D0FF5963CE22F7824C2E941F1A9AFA22D122A02213A49F583EABD682B050CD2CA9EA3134AA905E67F7EF34DE3802','SP1','P1',11);
CREATE TABLE published_card (
	kind VARCHAR(12) NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	body TEXT NOT NULL, 
	change BIGINT NOT NULL, 
	PRIMARY KEY (kind, id)
);
INSERT INTO "published_card" VALUES('producer','P1','{"address": {"full": "Thôn P1, Tỉnh Hà Tĩnh"}, "email": "P1@example.example", "name": "Hợp tác xã P1", "phone": "0239 000 0001", "producer_id": "P1", "producer_type": "cooperative", "statuses": [{"since": "2026-11-20", "status": "active"}]}',1);
INSERT INTO "published_card" VALUES('producer','P2','{"address": {"full": "Thôn P2, Tỉnh Hà Tĩnh"}, "email": "P2@example.example", "name": "Hợp tác xã P2", "phone": "0239 000 0002", "producer_id": "P2", "producer_type": "cooperative", "statuses": [{"since": "2026-11-20", "status": "active"}]}',2);
INSERT INTO "published_card" VALUES('product','SP1','{"category_code": "I.4.a", "certificates": [{"certificate_id": "CN-SP1", "decision_date": "2024-12-31", "decision_no": "CN-SP1/QĐ-UBND", "issuing_authority": "UBND tỉnh Hà Tĩnh", "revocation_decision_no": null, "revoked_on": null, "stars": 4, "valid_from": "2024-12-31", "valid_until": "2027-12-31"}], "date_kind": "best_before", "name": "Nước mắm SP1", "points_of_sale": [], "producer_id": "P1", "product_id": "SP1", "unit": "chai"}',4);
INSERT INTO "published_card" VALUES('product','SP2','{"category_code": "I.4.a", "certificates": [{"certificate_id": "CN-SP2", "decision_date": "2024-12-31", "decision_no": "CN-SP2/QĐ-UBND", "issuing_authority": "UBND tỉnh Hà Tĩnh", "revocation_decision_no": null, "revoked_on": null, "stars": 4, "valid_from": "2024-12-31", "valid_until": "2027-12-31"}], "date_kind": "best_before", "name": "Nước mắm SP2", "points_of_sale": [], "producer_id": "P1", "product_id": "SP2", "unit": "chai"}',6);
INSERT INTO "published_card" VALUES('product','SP3','{"category_code": "I.4.a", "certificates": [{"certificate_id": "CN-SP3", "decision_date": "2024-12-31", "decision_no": "CN-SP3/QĐ-UBND", "issuing_authority": "UBND tỉnh Hà Tĩnh", "revocation_decision_no": null, "revoked_on": null, "stars": 4, "valid_from": "2024-12-31", "valid_until": "2027-12-31"}], "date_kind": "best_before", "name": "Nước mắm SP3", "points_of_sale": [], "producer_id": "P2", "product_id": "SP3", "unit": "chai"}',8);
INSERT INTO "published_card" VALUES('lot','L1','{"best_before": "2027-10-20", "code": "code-L1", "info_expires_on": "2027-11-20", "lot_id": "L1", "precision": "day", "product_id": "SP1", "production_date": "2026-10-20", "production_date_kind": "production_date", "recalls": [], "window_ends_on": "2027-11-20"}',13);
CREATE TABLE published_fingerprints (
	batch BIGINT NOT NULL, 
	piece INTEGER NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (batch, piece)
);
INSERT INTO "published_fingerprints" VALUES(1,0,X'0C5E8DC4BD18F2B55056BE3E6CF1A4997DAEE26F3B8C80960B8EE462DC30BD516CC155D8C8201CE806D8E047C04C73AB3290AEC60B15027186431E2171647DE401D1B913B214D4F156150F65491C2B104CB211CAF62132A44E8045DEBDFD8C050E2112CB3A7C7AE96B05F7901A9288701C3E254F9A41DACFA3777438091390E0250F3DC34342C7E1E55A681D18425931B18952BF563C1CB2E8DD7B54470A28D20AA5D51F72669DC7712CE9A4A2055E69748CD1B83EF4721967A975D986569646FF7BB11A8F358A34C4EE5ED5F54E36B218A777EE8DCA2315BA1B6FB46257DE0D8F902D684C45C8D435D949EC918447A1FA28F30B010C00BA260003330B9BD25848E1AD4CEFC953902CD00BDCA5B1A1BDFF54B23C5920702F213F481EABC8B7AFFE88BAAEC114743EF92D5A75823EA68C515CD4811A20B65CF3AB9599F220EAF735B83898F1DD05CFAA964D486E2E9E77A9D7358CB6B18CF2D87928F03A6FAAF70BE491437544705C76F59678784867A986218FE054AA27D9EE9A1C7FE7226017971274A901BC09D0CB39C2E09EF2A6F9B030A9F3BDEF135E');
INSERT INTO "published_fingerprints" VALUES(1,1,X'BA9BE1BC92B162576F048591A76F08B3168589B7B8D7FE423330D1231B99FDF2862E1F12107832F3A36446D406F6FE3C0A02BA42CF4AAB5232C71CE9767A3E482A5B23224C95A07C25ADB29CB835BEC18D3690E1E729883D02738E0D784DEC5942721AED1A33A2C8A8AADD892483224819BDB5DAE58231344F056C8A86C0C54AF98B98D9FBA41AEDC083922C65235920A12A7D9C0EC0C96E4B43F8626F2D2A72D3F0134EC177A87D80148C4519DF3AA2E189D45B5887E7CA32726D56F801009A1B51A0A61BC56BEC1C95205699B3C68CA76ACF6543A6D4E238949509A561DCECDE0B8A9B2BADCFCB3D604A4DC92AB85BE2CFB168267FA798734A85D75689A51722FEBC8E33F9A2435B110FE03AB4C85207A7EEF9AB3C2DD4520A851D4288251E96EC4749CF65DDEDDC5AAA6CB174C872514F1E205EE6F0C441020445FDF36CB893C3881B9F0F7281CAE7ABE6AC5F18CCC00AE4734C70AED9E51B58F7270FE0C3D759C83BE9B21EA83A6E1688391108B56F5B24CF0419BB69F1BE21765734F551B5209FE43174632CBC8C528E22D831307AB7D3749151711155C59225ED6C1A67');
INSERT INTO "published_fingerprints" VALUES(2,0,X'F7FEC71D577BBCEB993E89CCE58B7E036970B2213E0B94226374697D12B15CA515AE5F65AD9AF4A4A00B8CC7E366BB422B25034B0647A600D2078A6B04FA74AE4F5C66CD6851EF1A3C827D0FD3E66421B830675074826B00E99DA2AA736E9A0B8851E74273C2B3221B6C37E1301DC792445230C9E5502DC789260DC29CFC8E2A8E65C9DDCA904432895E53CB3CA76D1C4D8C57EE8D5D5273310EE614767B262DD972CC50022D9B2025EDE77E2FFF1527C6CD1074CB73347A55362B62B0A689D9CDB49466A6F9CCCF0E0E9C91110485623843C87F6F9C564183756462EBC6ABEC6B5884302EDA581949AF9ACBBBC263031ABEE3565F8A5F05475D9292FEF1F695A2263CEAC8576827E6495FAE005D53BD8D144D362935F2C17E06F6F8BB84CC82F5B6215D6B5C438DE0D57444EEAAA0C1189526E029DD03A50EFFC001B211C56154E571C3DD30C17462124A70E2218D37255C9303CC1430C56A333CA40E35EFF874B6D164EF108FC2FC90B8C5528024ABC07388C853BD5E1874F539B1E00545DC2713B2CFF9BB623761BD230DDFB0300EAA1ABAB06528E9FC');
INSERT INTO "published_fingerprints" VALUES(2,1,X'2B1267AEDA0216DE019BD457BF648078F968350AD4649525C3DEA96B234810B7592E2870C5C9EE38F96EA8D0C1ABD9DB401AF681FC57E5F6922DC892A7A7F1F9F9C4DD3BE38ED92167159BE6A5AB378A9DA8900CD8E7EC15EDB1B9FC7DF30A12C03EDE083D0BA493B12D02F741D7F8261D088B6EED19073E328EF9992D8BE703ED4F3702D59C5C49CC17A81801A84A00CE475B3E8F19CCB2C371E98EE15A4809B5C65E595A9618665E79D8568F6DFE0B437031F2BAAB8C8845667026EF1176EF377784C0483AFE9DC35937220AFFF40EABBD184EFE5E4AEE6AAD38FAC62632CF636D774B87D2DD90FD8E1D50C3556A84BDEB0399122BE84B62643565C23B2E8A4D5FB66E366F68C0EC99E1F19305219102B548C712DA3031E4D25ADE273CEE12A1D071C2432106169E8A80EF6C77E394198DEAF86ADACD289E2B78AA77CD00CDB11B0A965FDD30779742997298E134EC00DCF69BB0F93419312656EA7E5024207533E052088DAEFB2719D4DBFC6CA6258F5AC4327F5786885A45B8BB88648C3B7D116C0518F8051C6B72DDF4FD428A5FA11D40214BCCE4FBD573FA7D4B3AA7D4');
CREATE TABLE published_image (
	id VARCHAR(64) NOT NULL, 
	content_type VARCHAR(40) NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE published_interval (
	batch BIGINT NOT NULL, 
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	lot_id VARCHAR(64), 
	revoked_on VARCHAR(10), 
	change BIGINT NOT NULL, 
	PRIMARY KEY (batch, first)
);
INSERT INTO "published_interval" VALUES(2,1,100,'delivered',NULL,NULL,12);
INSERT INTO "published_interval" VALUES(1,1,40,'activated','L1',NULL,13);
INSERT INTO "published_interval" VALUES(1,41,89,'delivered',NULL,NULL,14);
INSERT INTO "published_interval" VALUES(1,90,100,'void',NULL,NULL,14);
CREATE TABLE published_state (
	id INTEGER NOT NULL, 
	epoch VARCHAR(32) NOT NULL, 
	change BIGINT NOT NULL, 
	changed_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "published_state" VALUES(1,'6c291fd74d06b6678376c6c1cef56770',14,'2026-11-20 02:00:00.000000');
CREATE TABLE recall (
	id INTEGER NOT NULL, 
	lot_id VARCHAR(64) NOT NULL, 
	kind VARCHAR(12) NOT NULL, 
	ordered_on DATE NOT NULL, 
	ordered_by TEXT NOT NULL, 
	decision_no TEXT, 
	reason_public TEXT NOT NULL, 
	lifted_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(lot_id) REFERENCES lot (id)
);
CREATE TABLE stamp_batch (
	number BIGINT NOT NULL, 
	order_id VARCHAR(64) NOT NULL, 
	product_id VARCHAR(64) NOT NULL, 
	producer_id VARCHAR(64) NOT NULL, 
	quantity INTEGER NOT NULL, 
	public_key BLOB NOT NULL, 
	manifest TEXT NOT NULL, 
	signature BLOB NOT NULL, 
	issued_on DATE NOT NULL, 
	printed_on DATE, 
	printed_quantity INTEGER, 
	printer TEXT, 
	misprinted INTEGER NOT NULL, 
	delivered_on DATE, 
	receipt TEXT, 
	delivered_quantity INTEGER, 
	received_on DATE, 
	received_quantity INTEGER, 
	receipt_note TEXT, 
	short_before INTEGER NOT NULL, 
	lost_since INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (order_id), 
	FOREIGN KEY(order_id) REFERENCES stamp_order (id), 
	FOREIGN KEY(product_id) REFERENCES product (id), 
	FOREIGN KEY(producer_id) REFERENCES producer (id), 
	UNIQUE (public_key)
);
INSERT INTO "stamp_batch" VALUES(1,'DH-1','SP1','P1',100,X'E93D2C334DD1E76B3B92CFCABB8AB7420EAF0F86D2E919ED65F1AB1CBCE52F24','{"batch":1,"code_file_sha256":"0000000000000000000000000000000000000000000000000000000000000000","fingerprints_sha256":"69f7249ea624ac18a13382e8fd9dc1cd5db3a2a5651b818bfd8ac62eeaa80df5","format":"tem-manifest-v1","hashes_sha256":"0000000000000000000000000000000000000000000000000000000000000000","host":"tem.example.vn","issued_at":"2026-11-20T02:00:00Z","last_index":103,"office_key_id":"619c355cc601a6b5f1113a4f410c2c9b1ff52072609d35ae1c5512e8de877f3a","producer":"P1","product":"SP1","public_key":"89f41403097ac4fd1d9f09799eb414a5753504d144aaebecf6e140833d2cba3e","quantity":100}',X'33BDA06197067E9189F8CAFCB811D0D77E43EE0E2AE4B91BA9F3011D2FF76483FFFA041E15AB63119BB20A2D1A134BD965BA789D685B9696FDE69F5D0D28F30B','2026-11-20',NULL,NULL,NULL,0,'2026-11-20','BB-1',100,NULL,NULL,NULL,0,0,3);
INSERT INTO "stamp_batch" VALUES(2,'DH-2','SP1','P1',100,X'E97E38DDAF1B871E575E897F90E2DCF02DAA8AE8F4F0F2AADDD0BE7A220ACDA3','{"batch":2,"code_file_sha256":"0000000000000000000000000000000000000000000000000000000000000000","fingerprints_sha256":"016e10bc82608a070450d5e21d10b267af50185cacba9ad7fbd88e1e1646a16f","format":"tem-manifest-v1","hashes_sha256":"0000000000000000000000000000000000000000000000000000000000000000","host":"tem.example.vn","issued_at":"2026-11-20T02:00:00Z","last_index":103,"office_key_id":"619c355cc601a6b5f1113a4f410c2c9b1ff52072609d35ae1c5512e8de877f3a","producer":"P1","product":"SP1","public_key":"10ffd6a11da460a01301e318c69bff7884a80b5b113b4794ec785b825f79ded2","quantity":100}',X'C15AD6C817367EDBEBEAD8F3D848437C37E9D0FF5963CE22F7824C2E941F1A9AFA22D122A02213A49F583EABD682B050CD2CA9EA3134AA905E67F7EF34DE3802','2026-11-20',NULL,NULL,NULL,0,'2026-11-20','BB-1',100,NULL,NULL,NULL,0,0,1);
CREATE TABLE stamp_interval (
	batch BIGINT NOT NULL, 
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	lot_id VARCHAR(64), 
	reason TEXT, 
	revoked_on DATE, 
	PRIMARY KEY (batch, first), 
	FOREIGN KEY(batch) REFERENCES stamp_batch (number), 
	FOREIGN KEY(lot_id) REFERENCES lot (id)
);
INSERT INTO "stamp_interval" VALUES(2,1,100,'delivered',NULL,NULL,NULL);
INSERT INTO "stamp_interval" VALUES(1,1,40,'activated','L1',NULL,NULL);
INSERT INTO "stamp_interval" VALUES(1,41,89,'delivered',NULL,NULL,NULL);
INSERT INTO "stamp_interval" VALUES(1,90,100,'void',NULL,'misprint',NULL);
CREATE TABLE stamp_order (
	id VARCHAR(64) NOT NULL, 
	product_id VARCHAR(64) NOT NULL, 
	producer_id VARCHAR(64) NOT NULL, 
	quantity INTEGER NOT NULL, 
	unit_fee_vnd INTEGER NOT NULL, 
	unit_subsidy_vnd INTEGER NOT NULL, 
	override_reason TEXT, 
	state VARCHAR(12) NOT NULL, 
	requested_at DATETIME NOT NULL, 
	requested_by VARCHAR(100) NOT NULL, 
	sent BOOLEAN NOT NULL, 
	batch BIGINT, 
	failure TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(product_id) REFERENCES product (id), 
	FOREIGN KEY(producer_id) REFERENCES producer (id), 
	UNIQUE (batch)
);
INSERT INTO "stamp_order" VALUES('DH-1','SP1','P1',100,200,0,NULL,'delivered','2026-11-20 02:00:00.000000','office:Lan#1',0,1,NULL);
INSERT INTO "stamp_order" VALUES('DH-2','SP1','P1',100,200,0,NULL,'delivered','2026-11-20 02:00:00.000000','office:Lan#1',0,2,NULL);
CREATE TABLE stored_file (
	id VARCHAR(64) NOT NULL, 
	content_type VARCHAR(40) NOT NULL, 
	size INTEGER NOT NULL, 
	content BLOB NOT NULL, 
	picture BLOB, 
	stored_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE void_report (
	id VARCHAR(64) NOT NULL, 
	batch BIGINT NOT NULL, 
	producer_id VARCHAR(64) NOT NULL, 
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	kind VARCHAR(12) NOT NULL, 
	reason TEXT NOT NULL, 
	photo VARCHAR(64), 
	state VARCHAR(12) NOT NULL, 
	reported_at DATETIME NOT NULL, 
	reported_by VARCHAR(100) NOT NULL, 
	decided_at DATETIME, 
	decided_by VARCHAR(100), 
	decision_note TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(batch) REFERENCES stamp_batch (number), 
	FOREIGN KEY(producer_id) REFERENCES producer (id), 
	FOREIGN KEY(photo) REFERENCES stored_file (id)
);
CREATE INDEX audit_entry_actor ON audit_entry (actor, seq);
CREATE INDEX audit_entry_action ON audit_entry (action, seq);
CREATE INDEX ix_audit_entry_request_id ON audit_entry (request_id);
CREATE INDEX ix_audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_object ON audit_entry (object, seq);
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
CREATE INDEX ix_producer_commune_code ON producer (commune_code);
CREATE INDEX ix_product_producer_id ON product (producer_id);
CREATE INDEX ix_contract_pos_id ON contract (pos_id);
CREATE INDEX ix_contract_producer_id ON contract (producer_id);
CREATE INDEX ix_certificate_product_id ON certificate (product_id);
CREATE INDEX ix_stamp_order_state ON stamp_order (state);
CREATE INDEX ix_stamp_order_producer_id ON stamp_order (producer_id);
CREATE UNIQUE INDEX lot_code_of_product ON lot (product_id, lot_code) WHERE lot_code IS NOT NULL;
CREATE INDEX ix_lot_product_id ON lot (product_id);
CREATE INDEX ix_lot_producer_id ON lot (producer_id);
CREATE INDEX ix_council_result_product_id ON council_result (product_id);
CREATE INDEX ix_stamp_batch_product_id ON stamp_batch (product_id);
CREATE INDEX ix_stamp_batch_issued_on ON stamp_batch (issued_on);
CREATE INDEX ix_stamp_batch_producer_id ON stamp_batch (producer_id);
CREATE INDEX ix_recall_lot_id ON recall (lot_id);
CREATE INDEX ix_stamp_interval_lot_id ON stamp_interval (lot_id);
CREATE INDEX activation_range ON activation (batch, first);
CREATE INDEX ix_void_report_producer_id ON void_report (producer_id);
CREATE INDEX ix_void_report_state ON void_report (state);
CREATE INDEX ix_published_batch_change ON published_batch (change);
CREATE INDEX ix_published_interval_change ON published_interval (change);
CREATE INDEX published_card_change ON published_card (change);
COMMIT;
