BEGIN TRANSACTION;
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
INSERT INTO "api_key" VALUES('25fd16566a0d','registry','service',NULL,'441f353526d19f3173b0d70b48eface2d9c56ec6763a717f71bc9b03757ed628','2026-11-20 02:00:00.000000',NULL);
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
INSERT INTO "audit_entry" VALUES(1,'2026-11-20 02:00:00.000000','test','key.created','key:25fd16566a0d','','{"name": "registry", "producer_id": null, "role": "service"}','0000000000000000000000000000000000000000000000000000000000000000','c43754e8ef46bbef36cc19e58b3a3a7684e192f8569b03eab4ac86aeef7deee2');
INSERT INTO "audit_entry" VALUES(2,'2026-11-20 02:00:00.000000','service:registry','batch.reserved','batch:1','','{"producer_id": "P1", "product_id": "SP1", "quantity": 50, "reference": "DH-1"}','c43754e8ef46bbef36cc19e58b3a3a7684e192f8569b03eab4ac86aeef7deee2','8b81f3a584c7adc9776bd036b1b5518e5eca8e617bbb0fba703a5eb1bcb131da');
INSERT INTO "audit_entry" VALUES(3,'2026-11-20 02:00:00.000000','service:registry','batch.reserved','batch:2','','{"producer_id": "P1", "product_id": "SP1", "quantity": 50, "reference": "DH-2"}','8b81f3a584c7adc9776bd036b1b5518e5eca8e617bbb0fba703a5eb1bcb131da','42f56d6b77628f4dab3b0aab128cc1a37a51421459db347420ff87a79d45e0c5');
CREATE TABLE audit_head (
	id INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit_head" VALUES(1,3,'42f56d6b77628f4dab3b0aab128cc1a37a51421459db347420ff87a79d45e0c5');
CREATE TABLE batch (
	number BIGINT NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	quantity INTEGER NOT NULL, 
	product_id VARCHAR(64) NOT NULL, 
	producer_id VARCHAR(64) NOT NULL, 
	reference VARCHAR(64), 
	url_prefix VARCHAR(200) NOT NULL, 
	created_at DATETIME NOT NULL, 
	attempt INTEGER NOT NULL, 
	failures INTEGER NOT NULL, 
	signed INTEGER NOT NULL, 
	last_index INTEGER, 
	public_key BLOB, 
	manifest TEXT, 
	signature BLOB, 
	released_at DATETIME, 
	printed_at DATETIME, 
	PRIMARY KEY (number), 
	UNIQUE (reference), 
	UNIQUE (public_key)
);
INSERT INTO "batch" VALUES(1,'released',50,'SP1','P1','DH-1','https://tem.example.vn/s/','2026-11-20 02:00:00.000000',1,0,53,53,X'6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B','{}',X'73737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373','2026-11-20 02:00:00.000000',NULL);
INSERT INTO "batch" VALUES(2,'reserved',50,'SP1','P1','DH-2','https://tem.example.vn/s/','2026-11-20 02:00:00.000000',0,0,0,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE batch_counter (
	id INTEGER NOT NULL, 
	next_number BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "batch_counter" VALUES(1,3);
CREATE TABLE idempotency (
	tenant VARCHAR(100) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	request_hash VARCHAR(64) NOT NULL, 
	answer TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	operation VARCHAR(200) NOT NULL, 
	PRIMARY KEY (tenant, "key")
);
CREATE INDEX audit_entry_actor ON audit_entry (actor, seq);
CREATE INDEX audit_entry_action ON audit_entry (action, seq);
CREATE INDEX ix_audit_entry_request_id ON audit_entry (request_id);
CREATE INDEX ix_audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_object ON audit_entry (object, seq);
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
CREATE INDEX ix_batch_producer_id ON batch (producer_id);
CREATE INDEX ix_batch_state ON batch (state);
COMMIT;
