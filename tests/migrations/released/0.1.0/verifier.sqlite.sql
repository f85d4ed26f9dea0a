BEGIN TRANSACTION;
CREATE TABLE accepted_manifest (
	batch BIGINT NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	public_key VARCHAR(64) NOT NULL, 
	PRIMARY KEY (batch), 
	UNIQUE (public_key)
);
INSERT INTO "accepted_manifest" VALUES(1,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp');
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
INSERT INTO "api_key" VALUES('f845df50f9c1','Siêu thị','retailer',NULL,'1c730c93ac9e89ef0a301681a924a0c6cf777fd0008dbf3cdcef3086c08fad6d','2026-11-20 02:00:00.000000',NULL);
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
INSERT INTO "audit_entry" VALUES(1,'2026-11-20 02:00:00.000000','test','key.created','key:f845df50f9c1','','{"name": "Siêu thị", "producer_id": null, "role": "retailer"}','0000000000000000000000000000000000000000000000000000000000000000','6f02c967abc6b27549cf245841e7665c2cef93a2ac7d8ead17042013d6bc399e');
CREATE TABLE audit_head (
	id INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit_head" VALUES(1,1,'6f02c967abc6b27549cf245841e7665c2cef93a2ac7d8ead17042013d6bc399e');
CREATE TABLE idempotency (
	tenant VARCHAR(100) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	request_hash VARCHAR(64) NOT NULL, 
	answer TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	operation VARCHAR(200) NOT NULL, 
	PRIMARY KEY (tenant, "key")
);
CREATE TABLE read_position (
	id INTEGER NOT NULL, 
	epoch VARCHAR(32), 
	change BIGINT NOT NULL, 
	went_back BOOLEAN NOT NULL, 
	restores INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "read_position" VALUES(1,'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',7,0,0);
CREATE INDEX audit_entry_actor ON audit_entry (actor, seq);
CREATE INDEX audit_entry_action ON audit_entry (action, seq);
CREATE INDEX ix_audit_entry_request_id ON audit_entry (request_id);
CREATE INDEX ix_audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_object ON audit_entry (object, seq);
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
COMMIT;
