SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.activation (
    id integer NOT NULL,
    lot_id character varying(64),
    batch bigint NOT NULL,
    first integer NOT NULL,
    last integer NOT NULL,
    activated_at timestamp with time zone NOT NULL,
    actor character varying(100) NOT NULL,
    reason text
);
CREATE SEQUENCE public.activation_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.activation_id_seq OWNED BY public.activation.id;
CREATE TABLE public.api_key (
    id character varying(12) NOT NULL,
    name character varying(60) NOT NULL,
    role character varying(20) NOT NULL,
    producer_id character varying(64),
    secret_hash character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);
CREATE TABLE public.approval (
    order_id character varying(64) NOT NULL,
    approver character varying(100) NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.audit_entry (
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor character varying(100) NOT NULL COLLATE pg_catalog."C",
    action character varying(60) NOT NULL,
    object character varying(120) NOT NULL COLLATE pg_catalog."C",
    request_id character varying(64) NOT NULL,
    details text NOT NULL,
    prev_hash character varying(64) NOT NULL,
    hash character varying(64) NOT NULL
);
CREATE SEQUENCE public.audit_entry_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_entry_seq_seq OWNED BY public.audit_entry.seq;
CREATE TABLE public.audit_head (
    id integer NOT NULL,
    seq bigint NOT NULL,
    hash character varying(64) NOT NULL
);
CREATE SEQUENCE public.audit_head_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_head_id_seq OWNED BY public.audit_head.id;
CREATE TABLE public.certificate (
    id character varying(64) NOT NULL,
    product_id character varying(64) NOT NULL,
    record text NOT NULL
);
CREATE TABLE public.contract (
    id character varying(64) NOT NULL,
    producer_id character varying(64) NOT NULL,
    pos_id character varying(64) NOT NULL,
    record text NOT NULL
);
CREATE TABLE public.council_result (
    id character varying(64) NOT NULL,
    product_id character varying(64) NOT NULL,
    certificate_id character varying(64),
    record text NOT NULL
);
CREATE TABLE public.file_sender (
    file_id character varying(64) NOT NULL,
    producer_id character varying(64) NOT NULL
);
CREATE TABLE public.idempotency (
    tenant character varying(100) NOT NULL,
    key character varying(200) NOT NULL,
    request_hash character varying(64) NOT NULL,
    answer text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    operation character varying(200) NOT NULL
);
CREATE TABLE public.import_ledger (
    kind character varying(20) NOT NULL,
    id character varying(64) NOT NULL,
    digest character varying(64) NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.lot (
    id character varying(64) NOT NULL,
    product_id character varying(64) NOT NULL,
    producer_id character varying(64) NOT NULL,
    lot_code character varying(60),
    production_date date,
    production_date_kind character varying(20),
    best_before date,
    info_expires_on date,
    window_ends_on date NOT NULL,
    undated boolean NOT NULL,
    best_before_basis character varying(40),
    "precision" character varying(5),
    quantity integer,
    unit character varying(40),
    beyond_shelf_life boolean NOT NULL,
    beyond_approved_by character varying(100),
    created_at timestamp with time zone NOT NULL,
    purged_at timestamp with time zone
);
CREATE TABLE public.point_of_sale (
    id character varying(64) NOT NULL,
    record text NOT NULL
);
CREATE TABLE public.producer (
    id character varying(64) NOT NULL,
    commune_code character varying(10),
    record text NOT NULL
);
CREATE TABLE public.producer_status (
    producer_id character varying(64) NOT NULL,
    since date NOT NULL,
    status character varying(12) NOT NULL
);
CREATE TABLE public.product (
    id character varying(64) NOT NULL,
    producer_id character varying(64) NOT NULL,
    record text NOT NULL
);
CREATE TABLE public.published_batch (
    number bigint NOT NULL,
    manifest text NOT NULL,
    signature bytea NOT NULL,
    product_id character varying(64) NOT NULL,
    producer_id character varying(64) NOT NULL,
    change bigint NOT NULL
);
CREATE TABLE public.published_card (
    kind character varying(12) NOT NULL,
    id character varying(64) NOT NULL,
    body text NOT NULL,
    change bigint NOT NULL
);
CREATE TABLE public.published_fingerprints (
    batch bigint NOT NULL,
    piece integer NOT NULL,
    content bytea NOT NULL
);
CREATE TABLE public.published_image (
    id character varying(64) NOT NULL,
    content_type character varying(40) NOT NULL,
    content bytea NOT NULL
);
CREATE TABLE public.published_interval (
    batch bigint NOT NULL,
    first integer NOT NULL,
    last integer NOT NULL,
    state character varying(12) NOT NULL,
    lot_id character varying(64),
    revoked_on character varying(10),
    change bigint NOT NULL
);
CREATE TABLE public.published_state (
    id integer NOT NULL,
    epoch character varying(32) NOT NULL,
    change bigint NOT NULL,
    changed_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.published_state_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.published_state_id_seq OWNED BY public.published_state.id;
CREATE TABLE public.recall (
    id integer NOT NULL,
    lot_id character varying(64) NOT NULL,
    kind character varying(12) NOT NULL,
    ordered_on date NOT NULL,
    ordered_by text NOT NULL,
    decision_no text,
    reason_public text NOT NULL,
    lifted_at timestamp with time zone
);
CREATE SEQUENCE public.recall_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.recall_id_seq OWNED BY public.recall.id;
CREATE TABLE public.stamp_batch (
    number bigint NOT NULL,
    order_id character varying(64) NOT NULL,
    product_id character varying(64) NOT NULL,
    producer_id character varying(64) NOT NULL,
    quantity integer NOT NULL,
    public_key bytea NOT NULL,
    manifest text NOT NULL,
    signature bytea NOT NULL,
    issued_on date NOT NULL,
    printed_on date,
    printed_quantity integer,
    printer text,
    misprinted integer NOT NULL,
    delivered_on date,
    receipt text,
    delivered_quantity integer,
    received_on date,
    received_quantity integer,
    receipt_note text,
    short_before integer NOT NULL,
    lost_since integer NOT NULL,
    revision integer NOT NULL
);
CREATE TABLE public.stamp_interval (
    batch bigint NOT NULL,
    first integer NOT NULL,
    last integer NOT NULL,
    state character varying(12) NOT NULL,
    lot_id character varying(64),
    reason text,
    revoked_on date
);
CREATE TABLE public.stamp_order (
    id character varying(64) NOT NULL,
    product_id character varying(64) NOT NULL,
    producer_id character varying(64) NOT NULL,
    quantity integer NOT NULL,
    unit_fee_vnd integer NOT NULL,
    unit_subsidy_vnd integer NOT NULL,
    override_reason text,
    state character varying(12) NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    requested_by character varying(100) NOT NULL,
    sent boolean NOT NULL,
    batch bigint,
    failure text
);
CREATE TABLE public.stored_file (
    id character varying(64) NOT NULL,
    content_type character varying(40) NOT NULL,
    size integer NOT NULL,
    content bytea NOT NULL,
    picture bytea,
    stored_at timestamp with time zone NOT NULL
);
CREATE TABLE public.void_report (
    id character varying(64) NOT NULL,
    batch bigint NOT NULL,
    producer_id character varying(64) NOT NULL,
    first integer NOT NULL,
    last integer NOT NULL,
    kind character varying(12) NOT NULL,
    reason text NOT NULL,
    photo character varying(64),
    state character varying(12) NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    reported_by character varying(100) NOT NULL,
    decided_at timestamp with time zone,
    decided_by character varying(100),
    decision_note text
);
ALTER TABLE ONLY public.activation ALTER COLUMN id SET DEFAULT nextval('public.activation_id_seq'::regclass);
ALTER TABLE ONLY public.audit_entry ALTER COLUMN seq SET DEFAULT nextval('public.audit_entry_seq_seq'::regclass);
ALTER TABLE ONLY public.audit_head ALTER COLUMN id SET DEFAULT nextval('public.audit_head_id_seq'::regclass);
ALTER TABLE ONLY public.published_state ALTER COLUMN id SET DEFAULT nextval('public.published_state_id_seq'::regclass);
ALTER TABLE ONLY public.recall ALTER COLUMN id SET DEFAULT nextval('public.recall_id_seq'::regclass);
INSERT INTO public.activation VALUES (1, 'L1', 1, 1, 40, '2026-11-20 02:00:00+00', 'office:Lan#1', NULL);
INSERT INTO public.api_key VALUES ('1061b002c58d', 'Lan', 'office', NULL, 'adb3c423628e3f1478a63d1a69642af7ea0eaf5682c676dd191fa2285a812ceb', '2026-11-20 02:00:00+00', NULL);
INSERT INTO public.audit_entry VALUES (1, '2026-11-20 02:00:00+00', 'office:Lan#1', 'producer.added', 'producer:P1', '', '{"fields": ["address", "email", "name", "phone", "producer_id", "producer_type", "representative", "status", "status_since", "tax_code"]}', '0000000000000000000000000000000000000000000000000000000000000000', '9a068b0118a307b11657228cb43ff44a15b2af9c401307e463060dc1a522a87c');
INSERT INTO public.audit_entry VALUES (2, '2026-11-20 02:00:00+00', 'office:Lan#1', 'producer.added', 'producer:P2', '', '{"fields": ["address", "email", "name", "phone", "producer_id", "producer_type", "representative", "status", "status_since", "tax_code"]}', '9a068b0118a307b11657228cb43ff44a15b2af9c401307e463060dc1a522a87c', '283e26776553a7a8f03a9922ec09fbc80ba405ea2169734c076bbb23f08d8bab');
INSERT INTO public.audit_entry VALUES (3, '2026-11-20 02:00:00+00', 'office:Lan#1', 'product.added', 'product:SP1', '', '{"fields": ["category_code", "date_kind", "name", "producer_id", "product_id", "production_date_kind", "shelf_life", "stampable", "unit"]}', '283e26776553a7a8f03a9922ec09fbc80ba405ea2169734c076bbb23f08d8bab', '7e47c480bfeeb9c472cb6904e26618c419097da11f77bf9ce3ee7f0bd8d9bb6b');
INSERT INTO public.audit_entry VALUES (4, '2026-11-20 02:00:00+00', 'office:Lan#1', 'certificate.added', 'certificate:CN-SP1', '', '{"fields": ["certificate_id", "decision_date", "decision_no", "issuing_authority", "product_id", "stars", "valid_from", "valid_until"]}', '7e47c480bfeeb9c472cb6904e26618c419097da11f77bf9ce3ee7f0bd8d9bb6b', 'ce707da79169f8bef6b557f6caa49d2aed09f71a920e153f4653d1eb46c319f5');
INSERT INTO public.audit_entry VALUES (5, '2026-11-20 02:00:00+00', 'office:Lan#1', 'product.added', 'product:SP2', '', '{"fields": ["category_code", "date_kind", "name", "producer_id", "product_id", "production_date_kind", "shelf_life", "stampable", "unit"]}', 'ce707da79169f8bef6b557f6caa49d2aed09f71a920e153f4653d1eb46c319f5', '4447fc2afb278f1fd552750edfad8de2ed55f9145b9b6fed0379fa01caa4c9da');
INSERT INTO public.audit_entry VALUES (6, '2026-11-20 02:00:00+00', 'office:Lan#1', 'certificate.added', 'certificate:CN-SP2', '', '{"fields": ["certificate_id", "decision_date", "decision_no", "issuing_authority", "product_id", "stars", "valid_from", "valid_until"]}', '4447fc2afb278f1fd552750edfad8de2ed55f9145b9b6fed0379fa01caa4c9da', 'e79caeefd6363388214cec5db6d6771a6af4014c45a5376f18086c3bcea65cf7');
INSERT INTO public.audit_entry VALUES (7, '2026-11-20 02:00:00+00', 'office:Lan#1', 'product.added', 'product:SP3', '', '{"fields": ["category_code", "date_kind", "name", "producer_id", "product_id", "production_date_kind", "shelf_life", "stampable", "unit"]}', 'e79caeefd6363388214cec5db6d6771a6af4014c45a5376f18086c3bcea65cf7', '95c15d7dbdd811e9d77ca81939fffa143ce32db59328441e4932e36523d02507');
INSERT INTO public.audit_entry VALUES (8, '2026-11-20 02:00:00+00', 'office:Lan#1', 'certificate.added', 'certificate:CN-SP3', '', '{"fields": ["certificate_id", "decision_date", "decision_no", "issuing_authority", "product_id", "stars", "valid_from", "valid_until"]}', '95c15d7dbdd811e9d77ca81939fffa143ce32db59328441e4932e36523d02507', '5cbb10c79ebd7d62d4fe78c7951ba57b4bf873b53aea71a7bef410e5dbaf7f86');
INSERT INTO public.audit_entry VALUES (9, '2026-11-20 02:00:00+00', 'test', 'key.created', 'key:1061b002c58d', '', '{"name": "Lan", "producer_id": null, "role": "office"}', '5cbb10c79ebd7d62d4fe78c7951ba57b4bf873b53aea71a7bef410e5dbaf7f86', '3668dea24663128ae81b45a38c0e7e9c6b62f8969123454671797ff830e84130');
INSERT INTO public.audit_entry VALUES (10, '2026-11-20 02:00:00+00', 'office:Lan#1', 'batch.delivered', 'batch:1', '', '{"delivered_on": "2026-11-20", "ranges": [[1, 100]], "receipt": "BB-1"}', '3668dea24663128ae81b45a38c0e7e9c6b62f8969123454671797ff830e84130', '81d92279c55c53413248c7f960a6ef84f14c17703fb4545fdf3f476a74c20e6c');
INSERT INTO public.audit_entry VALUES (11, '2026-11-20 02:00:00+00', 'office:Lan#1', 'batch.delivered', 'batch:2', '', '{"delivered_on": "2026-11-20", "ranges": [[1, 100]], "receipt": "BB-1"}', '81d92279c55c53413248c7f960a6ef84f14c17703fb4545fdf3f476a74c20e6c', 'c4a818981fff7ea7a8f45706899821148223bedcaab2cf7595d14b74daf405dd');
INSERT INTO public.audit_entry VALUES (12, '2026-11-20 02:00:00+00', 'office:Lan#1', 'lot.added', 'lot:L1', '', '{"beyond_shelf_life": false, "product_id": "SP1"}', 'c4a818981fff7ea7a8f45706899821148223bedcaab2cf7595d14b74daf405dd', 'a9b906f257730e8c5563662e2847ed4c5d032b459ff330a137c1686c9966be6a');
INSERT INTO public.audit_entry VALUES (13, '2026-11-20 02:00:00+00', 'office:Lan#1', 'stamps.activated', 'lot:L1', '', '{"batch": 1, "first": 1, "last": 40}', 'a9b906f257730e8c5563662e2847ed4c5d032b459ff330a137c1686c9966be6a', '70c2483f160091abb826a7f1cc53a5f39dc28a078964642bcca314594473fd6c');
INSERT INTO public.audit_entry VALUES (14, '2026-11-20 02:00:00+00', 'office:Lan#1', 'stamps.void', 'batch:1', '', '{"first": 90, "last": 100, "reason": "misprint"}', '70c2483f160091abb826a7f1cc53a5f39dc28a078964642bcca314594473fd6c', '8bcc4ccc04023bc3c3ae9a3e844abf2f557655e93bb3c8f49b6890476651ab62');
INSERT INTO public.audit_head VALUES (1, 14, '8bcc4ccc04023bc3c3ae9a3e844abf2f557655e93bb3c8f49b6890476651ab62');
INSERT INTO public.certificate VALUES ('CN-SP1', 'SP1', '{"certificate_id": "CN-SP1", "product_id": "SP1", "stars": 4, "decision_no": "CN-SP1/QĐ-UBND", "decision_date": "2024-12-31", "issuing_authority": "UBND tỉnh Hà Tĩnh", "valid_from": "2024-12-31", "valid_until": "2027-12-31"}');
INSERT INTO public.certificate VALUES ('CN-SP2', 'SP2', '{"certificate_id": "CN-SP2", "product_id": "SP2", "stars": 4, "decision_no": "CN-SP2/QĐ-UBND", "decision_date": "2024-12-31", "issuing_authority": "UBND tỉnh Hà Tĩnh", "valid_from": "2024-12-31", "valid_until": "2027-12-31"}');
INSERT INTO public.certificate VALUES ('CN-SP3', 'SP3', '{"certificate_id": "CN-SP3", "product_id": "SP3", "stars": 4, "decision_no": "CN-SP3/QĐ-UBND", "decision_date": "2024-12-31", "issuing_authority": "UBND tỉnh Hà Tĩnh", "valid_from": "2024-12-31", "valid_until": "2027-12-31"}');
INSERT INTO public.lot VALUES ('L1', 'SP1', 'P1', 'code-L1', '2026-10-20', 'production_date', '2027-10-20', '2027-11-20', '2027-11-20', false, 'computed_from_shelf_life', 'day', 1000, 'chai', false, NULL, '2026-11-20 02:00:00+00', NULL);
INSERT INTO public.producer VALUES ('P1', '18781', '{"status": "active", "status_since": "2026-11-20", "producer_id": "P1", "name": "Hợp tác xã P1", "producer_type": "cooperative", "representative": "Lê Thị Kín", "phone": "0239 000 0001", "email": "P1@example.example", "tax_code": "3000000001", "address": {"commune": "Phường Hải Ninh", "province_code": "42", "province": "Tỉnh Hà Tĩnh", "full": "Thôn P1, Tỉnh Hà Tĩnh", "commune_code": "18781"}}');
INSERT INTO public.producer VALUES ('P2', '18781', '{"status": "active", "status_since": "2026-11-20", "producer_id": "P2", "name": "Hợp tác xã P2", "producer_type": "cooperative", "representative": "Lê Thị Kín", "phone": "0239 000 0002", "email": "P2@example.example", "tax_code": "3000000001", "address": {"commune": "Phường Hải Ninh", "province_code": "42", "province": "Tỉnh Hà Tĩnh", "full": "Thôn P2, Tỉnh Hà Tĩnh", "commune_code": "18781"}}');
INSERT INTO public.producer_status VALUES ('P1', '2026-11-20', 'active');
INSERT INTO public.producer_status VALUES ('P2', '2026-11-20', 'active');
INSERT INTO public.product VALUES ('SP1', 'P1', '{"product_id": "SP1", "producer_id": "P1", "name": "Nước mắm SP1", "category_code": "I.4.a", "unit": "chai", "shelf_life": {"value": 12, "unit": "month"}, "date_kind": "best_before", "production_date_kind": "production_date", "stampable": true}');
INSERT INTO public.product VALUES ('SP2', 'P1', '{"product_id": "SP2", "producer_id": "P1", "name": "Nước mắm SP2", "category_code": "I.4.a", "unit": "chai", "shelf_life": {"value": 12, "unit": "month"}, "date_kind": "best_before", "production_date_kind": "production_date", "stampable": true}');
INSERT INTO public.product VALUES ('SP3', 'P2', '{"product_id": "SP3", "producer_id": "P2", "name": "Nước mắm SP3", "category_code": "I.4.a", "unit": "chai", "shelf_life": {"value": 12, "unit": "month"}, "date_kind": "best_before", "production_date_kind": "production_date", "stampable": true}');
INSERT INTO public.published_batch VALUES (1, '{"batch":1,"code_file_sha256":"0000000000000000000000000000000000000000000000000000000000000000","fingerprints_sha256":"712eb09d05a15cdec6b689dc6589b166aa84b349a07fb618b058c3a30d76b343","format":"tem-manifest-v1","hashes_sha256":"0000000000000000000000000000000000000000000000000000000000000000","host":"tem.example.vn","issued_at":"2026-11-20T02:00:00Z","last_index":103,"office_key_id":"da15646f37509cafcfd329c004ae6306f31f37382e43c3ed6b4da769d5afe060","producer":"P1","product":"SP1","public_key":"d591b920e437f6ed77b8c658dc4047015fdf9706a95d6bbc8e9c8dc2b197f432","quantity":100}', '\x01bbad5a99ca17607464e7e2d5bbe8c92f8aaca508c1db30ee89c747d2f0a2b2c49064e22e620b935013b31c4cb5d1fd8e526101586ace0abf2a11bdcf36d50c', 'SP1', 'P1', 9);
INSERT INTO public.published_batch VALUES (2, '{"batch":2,"code_file_sha256":"0000000000000000000000000000000000000000000000000000000000000000","fingerprints_sha256":"2104398cb6ea915f917c7f50da90167ad81ece905ab0f381e0e12bcd9adbee85","format":"tem-manifest-v1","hashes_sha256":"0000000000000000000000000000000000000000000000000000000000000000","host":"tem.example.vn","issued_at":"2026-11-20T02:00:00Z","last_index":103,"office_key_id":"da15646f37509cafcfd329c004ae6306f31f37382e43c3ed6b4da769d5afe060","producer":"P1","product":"SP1","public_key":"7238d515f85822683dbc57e3460976a72aaa6dd67aeb1620ba36475bb1b91540","quantity":100}', '\x586470aad378a8a6a164134cb0235fab197987e27fa3d4006f292ee071d356d56b913e4b8e3c45044708f0b49aae8769feb5c9b58872955e26aa389df0daf90e', 'SP1', 'P1', 11);
INSERT INTO public.published_card VALUES ('producer', 'P1', '{"address": {"full": "Thôn P1, Tỉnh Hà Tĩnh"}, "email": "P1@example.example", "name": "Hợp tác xã P1", "phone": "0239 000 0001", "producer_id": "P1", "producer_type": "cooperative", "statuses": [{"since": "2026-11-20", "status": "active"}]}', 1);
INSERT INTO public.published_card VALUES ('producer', 'P2', '{"address": {"full": "Thôn P2, Tỉnh Hà Tĩnh"}, "email": "P2@example.example", "name": "Hợp tác xã P2", "phone": "0239 000 0002", "producer_id": "P2", "producer_type": "cooperative", "statuses": [{"since": "2026-11-20", "status": "active"}]}', 2);
INSERT INTO public.published_card VALUES ('product', 'SP1', '{"category_code": "I.4.a", "certificates": [{"certificate_id": "CN-SP1", "decision_date": "2024-12-31", "decision_no": "CN-SP1/QĐ-UBND", "issuing_authority": "UBND tỉnh Hà Tĩnh", "revocation_decision_no": null, "revoked_on": null, "stars": 4, "valid_from": "2024-12-31", "valid_until": "2027-12-31"}], "date_kind": "best_before", "name": "Nước mắm SP1", "points_of_sale": [], "producer_id": "P1", "product_id": "SP1", "unit": "chai"}', 4);
INSERT INTO public.published_card VALUES ('product', 'SP2', '{"category_code": "I.4.a", "certificates": [{"certificate_id": "CN-SP2", "decision_date": "2024-12-31", "decision_no": "CN-SP2/QĐ-UBND", "issuing_authority": "UBND tỉnh Hà Tĩnh", "revocation_decision_no": null, "revoked_on": null, "stars": 4, "valid_from": "2024-12-31", "valid_until": "2027-12-31"}], "date_kind": "best_before", "name": "Nước mắm SP2", "points_of_sale": [], "producer_id": "P1", "product_id": "SP2", "unit": "chai"}', 6);
INSERT INTO public.published_card VALUES ('product', 'SP3', '{"category_code": "I.4.a", "certificates": [{"certificate_id": "CN-SP3", "decision_date": "2024-12-31", "decision_no": "CN-SP3/QĐ-UBND", "issuing_authority": "UBND tỉnh Hà Tĩnh", "revocation_decision_no": null, "revoked_on": null, "stars": 4, "valid_from": "2024-12-31", "valid_until": "2027-12-31"}], "date_kind": "best_before", "name": "Nước mắm SP3", "points_of_sale": [], "producer_id": "P2", "product_id": "SP3", "unit": "chai"}', 8);
INSERT INTO public.published_card VALUES ('lot', 'L1', '{"best_before": "2027-10-20", "code": "code-L1", "info_expires_on": "2027-11-20", "lot_id": "L1", "precision": "day", "product_id": "SP1", "production_date": "2026-10-20", "production_date_kind": "production_date", "recalls": [], "window_ends_on": "2027-11-20"}', 13);
INSERT INTO public.published_fingerprints VALUES (1, 0, '\x831c766623ff28db5f2ef3cc07a8e080430dbf6e8823c88ce6520fac6b041b79ad9d959d7350d226a3d057270f82b7d79dd6af544e76e8b2674132dc97b35547581b1ad7546ba3c5d4e9b205a1f045e06fb7b75cb951da31577315b4f7c72bcc853ee54a1069cf86a063ba18a1247214cfb33371e369e75d4f4e8d4100709c1ba7f1b49ef4e05b74274ea0170a3d6cbeb5b89fd94538b769059c1119de19f7c4caee050f92b4e46f65f9c1ccef376c14d260dbd16ccfd3433ab73c6642976db82a9728f0e2d17586b32c4f94ce2415af0d381130dd05f3fea7686cc40fe8b7cd32fc9b771c2c85cc23b7ed127a92ee9a78568954397a7f0736229e7f1884d51e402c27676f3bc9a31ea67764c212796c93c0c858ef1d631d311672e29803aa1eaaf75ba156db22926d0ed64701d76a318dcb171aa4b49d7fa5c42f0f70e6091094b3e688818b7965963f35c725f449e69cecb80fc5e470bef748abba82598fe6ea2642d413d1d4f2fc6d4ebd37e51be1cbf130282dc592910df172acf826ed775dacbb40250a2a03a94a629af5e23f106c4a08b6558962b3');
INSERT INTO public.published_fingerprints VALUES (1, 1, '\x1c877df7ecf0c5d33e9073f750a58749429d3071754643b341c2fc290d12f352cf2eabd147eb1b5493ffdae576d59bc533f2ec93858f21d90eca0dca76c10cef6c6162a59e93b2ff2f516fb8de08c809b4e9b1138be91d47e2773d5dea21e08186bab59d7bafd585b06115c53fabceec9560653eb51fd096d0d9139a0efd0bbd01c9d3e1990389f8b0fd0df58665f3ebbc6555660ce00c7da574c530595ecfea4d5e27c6462a12f887875ea275446fc7266cecb0821c1349fce5904da9d041d21f390faf33602e85fb417a749b0eea6b17724d21469727fbd01cb31b99cd6b5d2f2a576523c4cedb167b70b9c7d6e320d0fd74769ee00b6329f9b6d8d04dd01eca5eaaa9c953e887ce9a740ab9a875855c84cea858e95d722ed8e683712c0b0e2c0cc9420ecc4a891969febf3c1da00dd20d7287d896ab11fe22ebc53ba1f94b29ca3cab93262c4cb4cc40ff66a8a21df95cf22027e6135db9da4f341b48399e63614890b13ee5cb9db13ed14b201230feaaf78df979083879f85f15d8bb7ec08ea4d83839e8b4b70440551aa3cd1754921ab58c962b1f078b77152f1071477e');
INSERT INTO public.published_fingerprints VALUES (2, 0, '\x45324a7e8f8a1cbc50b09d6384e5fa5f9f124a946ffaa76c95541eed062d5a9dd1a6ed0ab8105a353fe8d3acd2dbc01cbeb8ff9539e4d1bc06b1524670ca815c4be04f5f50b1f52a261ab896edce0fad92247ceb6ff75f6365128f14ec45c14a92fe1a81697573843d8d1b7031eeb8ebe13fe132a9fb2d0ca93e91e5b128f2abca21eb06bf1c28da0f79cf1b63b4dfaaa012baebb933d3abb93d28023a8bfcd9862ee3b9afadd4406975ae96e07f283e18674fe39840fd01e9aabffc381f6534e9ff82c24fdcb1878020956fe600020edfc96feaeceffbfdead1e797094c344a3c82fd897f95a17e2c75db6c49f923326d656a46466a76ab9234d7e9fe40c7192c17735927e552a6d2c4f8b9da72db318b58f1e6b049db794763b7e70d24e373687a1a485fb72c513a6371e8283eab1315cd76145c0bdf14ac3d09d7eed2c42ef4b3f4f1ce5632701c41501863245ac016bcba273b8f150e6f63c4b4b97df9f1d1ef80f93100c793927dfbaedf07f4dd17049841cf430ee97f976cd3db4e80adaed57626eed79f9ad582724edd530f72fc54f7f906c67383');
INSERT INTO public.published_fingerprints VALUES (2, 1, '\xcfe0cbdd27ebf5ec8e94d95cc04f1c3bfc0c3c125574bc44b7c379fc09632cb0640f5ee75766bc8bcd04397ab5e287171c3005546c2f2014c4a72956c227552c22b6b6774555365ee9a3e6d112f547f6b68c2fde85bb01fa95694ffea25d0e3e096171215d69f245d5bb786365a3c230466780fd3632fed6dc499e2d21ffd7a3bb115f3a4d9eba3d25e19bf885913136ded0bebf0aaa3eca2f664f43efd19aed9406e4e59ad61034fa0d6bd51e33902cd0a0344827f003b6613241f91cb668bd2760f70c24ec9321aa7a8ff9334708ac14ad910f9954532aa8652dae2e195a3cdda800f496d78e60837ded1846b013a0c9999c684683c8fbff824d6b47260a7b4c084222715de8ee36ba22aa4be9786fd74117dc1d0f14bfbd01f10631255bf93067353439f0964d6246bd4e3b541aebb089e97d47fc514c79d67517f5183be4b661789f5d0b7e36ac4cc0f4d27d47974d2ef506310ab7e474e7786a85b2c33210b832a5ecc7bdf9922d76692b7a241cf47543ceca7287a60d23a4e9c67d31a8648879f1ee58eb2cf2d257390cc74a51ce2eb414eb6038ecf47979ae034b659c');
INSERT INTO public.published_interval VALUES (2, 1, 100, 'delivered', NULL, NULL, 12);
INSERT INTO public.published_interval VALUES (1, 1, 40, 'activated', 'L1', NULL, 13);
INSERT INTO public.published_interval VALUES (1, 41, 89, 'delivered', NULL, NULL, 14);
INSERT INTO public.published_interval VALUES (1, 90, 100, 'void', NULL, NULL, 14);
INSERT INTO public.published_state VALUES (1, 'd37d06d320a2a3bed8f84660ca52bea6', 14, '2026-11-20 02:00:00+00');
INSERT INTO public.stamp_batch VALUES (2, 'DH-2', 'SP1', 'P1', 100, '\xe20b61eab06c1ea18a040dbba3f06f818f34818b3f5953a845c2183899fbd54a', '{"batch":2,"code_file_sha256":"0000000000000000000000000000000000000000000000000000000000000000","fingerprints_sha256":"2104398cb6ea915f917c7f50da90167ad81ece905ab0f381e0e12bcd9adbee85","format":"tem-manifest-v1","hashes_sha256":"0000000000000000000000000000000000000000000000000000000000000000","host":"tem.example.vn","issued_at":"2026-11-20T02:00:00Z","last_index":103,"office_key_id":"da15646f37509cafcfd329c004ae6306f31f37382e43c3ed6b4da769d5afe060","producer":"P1","product":"SP1","public_key":"7238d515f85822683dbc57e3460976a72aaa6dd67aeb1620ba36475bb1b91540","quantity":100}', '\x586470aad378a8a6a164134cb0235fab197987e27fa3d4006f292ee071d356d56b913e4b8e3c45044708f0b49aae8769feb5c9b58872955e26aa389df0daf90e', '2026-11-20', NULL, NULL, NULL, 0, '2026-11-20', 'BB-1', 100, NULL, NULL, NULL, 0, 0, 1);
INSERT INTO public.stamp_batch VALUES (1, 'DH-1', 'SP1', 'P1', 100, '\xc8062eed638b691238517822d8b29c15216034428e8537a15c7345fcf227d077', '{"batch":1,"code_file_sha256":"0000000000000000000000000000000000000000000000000000000000000000","fingerprints_sha256":"712eb09d05a15cdec6b689dc6589b166aa84b349a07fb618b058c3a30d76b343","format":"tem-manifest-v1","hashes_sha256":"0000000000000000000000000000000000000000000000000000000000000000","host":"tem.example.vn","issued_at":"2026-11-20T02:00:00Z","last_index":103,"office_key_id":"da15646f37509cafcfd329c004ae6306f31f37382e43c3ed6b4da769d5afe060","producer":"P1","product":"SP1","public_key":"d591b920e437f6ed77b8c658dc4047015fdf9706a95d6bbc8e9c8dc2b197f432","quantity":100}', '\x01bbad5a99ca17607464e7e2d5bbe8c92f8aaca508c1db30ee89c747d2f0a2b2c49064e22e620b935013b31c4cb5d1fd8e526101586ace0abf2a11bdcf36d50c', '2026-11-20', NULL, NULL, NULL, 0, '2026-11-20', 'BB-1', 100, NULL, NULL, NULL, 0, 0, 3);
INSERT INTO public.stamp_interval VALUES (2, 1, 100, 'delivered', NULL, NULL, NULL);
INSERT INTO public.stamp_interval VALUES (1, 1, 40, 'activated', 'L1', NULL, NULL);
INSERT INTO public.stamp_interval VALUES (1, 41, 89, 'delivered', NULL, NULL, NULL);
INSERT INTO public.stamp_interval VALUES (1, 90, 100, 'void', NULL, 'misprint', NULL);
INSERT INTO public.stamp_order VALUES ('DH-1', 'SP1', 'P1', 100, 200, 0, NULL, 'delivered', '2026-11-20 02:00:00+00', 'office:Lan#1', false, 1, NULL);
INSERT INTO public.stamp_order VALUES ('DH-2', 'SP1', 'P1', 100, 200, 0, NULL, 'delivered', '2026-11-20 02:00:00+00', 'office:Lan#1', false, 2, NULL);
SELECT pg_catalog.setval('public.activation_id_seq', 1, true);
SELECT pg_catalog.setval('public.audit_entry_seq_seq', 1, false);
SELECT pg_catalog.setval('public.audit_head_id_seq', 1, false);
SELECT pg_catalog.setval('public.published_state_id_seq', 1, false);
SELECT pg_catalog.setval('public.recall_id_seq', 1, false);
ALTER TABLE ONLY public.activation
    ADD CONSTRAINT activation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.approval
    ADD CONSTRAINT approval_pkey PRIMARY KEY (order_id, approver);
ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT audit_entry_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.certificate
    ADD CONSTRAINT certificate_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.contract
    ADD CONSTRAINT contract_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.council_result
    ADD CONSTRAINT council_result_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.file_sender
    ADD CONSTRAINT file_sender_pkey PRIMARY KEY (file_id, producer_id);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (tenant, key);
ALTER TABLE ONLY public.import_ledger
    ADD CONSTRAINT import_ledger_pkey PRIMARY KEY (kind, id);
ALTER TABLE ONLY public.lot
    ADD CONSTRAINT lot_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.point_of_sale
    ADD CONSTRAINT point_of_sale_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.producer
    ADD CONSTRAINT producer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.producer_status
    ADD CONSTRAINT producer_status_pkey PRIMARY KEY (producer_id, since);
ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.published_batch
    ADD CONSTRAINT published_batch_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.published_card
    ADD CONSTRAINT published_card_pkey PRIMARY KEY (kind, id);
ALTER TABLE ONLY public.published_fingerprints
    ADD CONSTRAINT published_fingerprints_pkey PRIMARY KEY (batch, piece);
ALTER TABLE ONLY public.published_image
    ADD CONSTRAINT published_image_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.published_interval
    ADD CONSTRAINT published_interval_pkey PRIMARY KEY (batch, first);
ALTER TABLE ONLY public.published_state
    ADD CONSTRAINT published_state_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.recall
    ADD CONSTRAINT recall_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.stamp_batch
    ADD CONSTRAINT stamp_batch_order_id_key UNIQUE (order_id);
ALTER TABLE ONLY public.stamp_batch
    ADD CONSTRAINT stamp_batch_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.stamp_batch
    ADD CONSTRAINT stamp_batch_public_key_key UNIQUE (public_key);
ALTER TABLE ONLY public.stamp_interval
    ADD CONSTRAINT stamp_interval_no_overlap EXCLUDE USING gist (int8range(((batch * 16777216) + first), ((batch * 16777216) + last), '[]'::text) WITH &&) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.stamp_interval
    ADD CONSTRAINT stamp_interval_pkey PRIMARY KEY (batch, first);
ALTER TABLE ONLY public.stamp_order
    ADD CONSTRAINT stamp_order_batch_key UNIQUE (batch);
ALTER TABLE ONLY public.stamp_order
    ADD CONSTRAINT stamp_order_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.stored_file
    ADD CONSTRAINT stored_file_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.void_report
    ADD CONSTRAINT void_report_pkey PRIMARY KEY (id);
CREATE INDEX activation_range ON public.activation USING btree (batch, first);
CREATE INDEX audit_entry_action ON public.audit_entry USING btree (action, seq);
CREATE INDEX audit_entry_actor ON public.audit_entry USING btree (actor, seq);
CREATE INDEX audit_entry_object ON public.audit_entry USING btree (object, seq);
CREATE INDEX ix_audit_entry_at ON public.audit_entry USING btree (at);
CREATE INDEX ix_audit_entry_request_id ON public.audit_entry USING btree (request_id);
CREATE INDEX ix_certificate_product_id ON public.certificate USING btree (product_id);
CREATE INDEX ix_contract_pos_id ON public.contract USING btree (pos_id);
CREATE INDEX ix_contract_producer_id ON public.contract USING btree (producer_id);
CREATE INDEX ix_council_result_product_id ON public.council_result USING btree (product_id);
CREATE INDEX ix_idempotency_created_at ON public.idempotency USING btree (created_at);
CREATE INDEX ix_lot_producer_id ON public.lot USING btree (producer_id);
CREATE INDEX ix_lot_product_id ON public.lot USING btree (product_id);
CREATE INDEX ix_producer_commune_code ON public.producer USING btree (commune_code);
CREATE INDEX ix_product_producer_id ON public.product USING btree (producer_id);
CREATE INDEX ix_published_batch_change ON public.published_batch USING btree (change);
CREATE INDEX ix_published_interval_change ON public.published_interval USING btree (change);
CREATE INDEX ix_recall_lot_id ON public.recall USING btree (lot_id);
CREATE INDEX ix_stamp_batch_issued_on ON public.stamp_batch USING btree (issued_on);
CREATE INDEX ix_stamp_batch_producer_id ON public.stamp_batch USING btree (producer_id);
CREATE INDEX ix_stamp_batch_product_id ON public.stamp_batch USING btree (product_id);
CREATE INDEX ix_stamp_interval_lot_id ON public.stamp_interval USING btree (lot_id);
CREATE INDEX ix_stamp_order_producer_id ON public.stamp_order USING btree (producer_id);
CREATE INDEX ix_stamp_order_state ON public.stamp_order USING btree (state);
CREATE INDEX ix_void_report_producer_id ON public.void_report USING btree (producer_id);
CREATE INDEX ix_void_report_state ON public.void_report USING btree (state);
CREATE UNIQUE INDEX lot_code_of_product ON public.lot USING btree (product_id, lot_code) WHERE (lot_code IS NOT NULL);
CREATE INDEX published_card_change ON public.published_card USING btree (change);
ALTER TABLE ONLY public.activation
    ADD CONSTRAINT activation_batch_fkey FOREIGN KEY (batch) REFERENCES public.stamp_batch(number);
ALTER TABLE ONLY public.activation
    ADD CONSTRAINT activation_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES public.lot(id);
ALTER TABLE ONLY public.approval
    ADD CONSTRAINT approval_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.stamp_order(id);
ALTER TABLE ONLY public.certificate
    ADD CONSTRAINT certificate_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.product(id);
ALTER TABLE ONLY public.contract
    ADD CONSTRAINT contract_pos_id_fkey FOREIGN KEY (pos_id) REFERENCES public.point_of_sale(id);
ALTER TABLE ONLY public.contract
    ADD CONSTRAINT contract_producer_id_fkey FOREIGN KEY (producer_id) REFERENCES public.producer(id);
ALTER TABLE ONLY public.council_result
    ADD CONSTRAINT council_result_certificate_id_fkey FOREIGN KEY (certificate_id) REFERENCES public.certificate(id);
ALTER TABLE ONLY public.council_result
    ADD CONSTRAINT council_result_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.product(id);
ALTER TABLE ONLY public.file_sender
    ADD CONSTRAINT file_sender_file_id_fkey FOREIGN KEY (file_id) REFERENCES public.stored_file(id);
ALTER TABLE ONLY public.file_sender
    ADD CONSTRAINT file_sender_producer_id_fkey FOREIGN KEY (producer_id) REFERENCES public.producer(id);
ALTER TABLE ONLY public.lot
    ADD CONSTRAINT lot_producer_id_fkey FOREIGN KEY (producer_id) REFERENCES public.producer(id);
ALTER TABLE ONLY public.lot
    ADD CONSTRAINT lot_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.product(id);
ALTER TABLE ONLY public.producer_status
    ADD CONSTRAINT producer_status_producer_id_fkey FOREIGN KEY (producer_id) REFERENCES public.producer(id);
ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_producer_id_fkey FOREIGN KEY (producer_id) REFERENCES public.producer(id);
ALTER TABLE ONLY public.recall
    ADD CONSTRAINT recall_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES public.lot(id);
ALTER TABLE ONLY public.stamp_batch
    ADD CONSTRAINT stamp_batch_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.stamp_order(id);
ALTER TABLE ONLY public.stamp_batch
    ADD CONSTRAINT stamp_batch_producer_id_fkey FOREIGN KEY (producer_id) REFERENCES public.producer(id);
ALTER TABLE ONLY public.stamp_batch
    ADD CONSTRAINT stamp_batch_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.product(id);
ALTER TABLE ONLY public.stamp_interval
    ADD CONSTRAINT stamp_interval_batch_fkey FOREIGN KEY (batch) REFERENCES public.stamp_batch(number);
ALTER TABLE ONLY public.stamp_interval
    ADD CONSTRAINT stamp_interval_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES public.lot(id);
ALTER TABLE ONLY public.stamp_order
    ADD CONSTRAINT stamp_order_producer_id_fkey FOREIGN KEY (producer_id) REFERENCES public.producer(id);
ALTER TABLE ONLY public.stamp_order
    ADD CONSTRAINT stamp_order_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.product(id);
ALTER TABLE ONLY public.void_report
    ADD CONSTRAINT void_report_batch_fkey FOREIGN KEY (batch) REFERENCES public.stamp_batch(number);
ALTER TABLE ONLY public.void_report
    ADD CONSTRAINT void_report_photo_fkey FOREIGN KEY (photo) REFERENCES public.stored_file(id);
ALTER TABLE ONLY public.void_report
    ADD CONSTRAINT void_report_producer_id_fkey FOREIGN KEY (producer_id) REFERENCES public.producer(id);
