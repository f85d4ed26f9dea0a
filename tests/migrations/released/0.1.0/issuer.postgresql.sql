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
CREATE TABLE public.api_key (
    id character varying(12) NOT NULL,
    name character varying(60) NOT NULL,
    role character varying(20) NOT NULL,
    producer_id character varying(64),
    secret_hash character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
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
CREATE TABLE public.batch (
    number bigint NOT NULL,
    state character varying(10) NOT NULL,
    quantity integer NOT NULL,
    product_id character varying(64) NOT NULL,
    producer_id character varying(64) NOT NULL,
    reference character varying(64),
    url_prefix character varying(200) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    attempt integer NOT NULL,
    failures integer NOT NULL,
    signed integer NOT NULL,
    last_index integer,
    public_key bytea,
    manifest text,
    signature bytea,
    released_at timestamp with time zone,
    printed_at timestamp with time zone
);
CREATE TABLE public.batch_counter (
    id integer NOT NULL,
    next_number bigint NOT NULL
);
CREATE SEQUENCE public.batch_counter_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.batch_counter_id_seq OWNED BY public.batch_counter.id;
CREATE TABLE public.idempotency (
    tenant character varying(100) NOT NULL,
    key character varying(200) NOT NULL,
    request_hash character varying(64) NOT NULL,
    answer text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    operation character varying(200) NOT NULL
);
ALTER TABLE ONLY public.audit_entry ALTER COLUMN seq SET DEFAULT nextval('public.audit_entry_seq_seq'::regclass);
ALTER TABLE ONLY public.audit_head ALTER COLUMN id SET DEFAULT nextval('public.audit_head_id_seq'::regclass);
ALTER TABLE ONLY public.batch_counter ALTER COLUMN id SET DEFAULT nextval('public.batch_counter_id_seq'::regclass);
INSERT INTO public.api_key VALUES ('7752f78117c0', 'registry', 'service', NULL, '2200307e4e37a84199d68d9155e09e309be8901f5b609c0d7a0eb7a7c2e8bfbb', '2026-11-20 02:00:00+00', NULL);
INSERT INTO public.audit_entry VALUES (1, '2026-11-20 02:00:00+00', 'test', 'key.created', 'key:7752f78117c0', '', '{"name": "registry", "producer_id": null, "role": "service"}', '0000000000000000000000000000000000000000000000000000000000000000', '84fe92c6fc53409e70ffa18ad79c4f61792565f2b5db483d87742dbd0cf539b5');
INSERT INTO public.audit_entry VALUES (2, '2026-11-20 02:00:00+00', 'service:registry', 'batch.reserved', 'batch:1', '', '{"producer_id": "P1", "product_id": "SP1", "quantity": 50, "reference": "DH-1"}', '84fe92c6fc53409e70ffa18ad79c4f61792565f2b5db483d87742dbd0cf539b5', '0ba2194d672c357d1c6dc43e2d2b82b7d0399a7066c7f2e5db2ed243d8075dd2');
INSERT INTO public.audit_entry VALUES (3, '2026-11-20 02:00:00+00', 'service:registry', 'batch.reserved', 'batch:2', '', '{"producer_id": "P1", "product_id": "SP1", "quantity": 50, "reference": "DH-2"}', '0ba2194d672c357d1c6dc43e2d2b82b7d0399a7066c7f2e5db2ed243d8075dd2', 'ba58dffdf02c4c18be9ffb96f9449b9242b7dfde8cd310310752cd8cba21b7a2');
INSERT INTO public.audit_head VALUES (1, 3, 'ba58dffdf02c4c18be9ffb96f9449b9242b7dfde8cd310310752cd8cba21b7a2');
INSERT INTO public.batch VALUES (2, 'reserved', 50, 'SP1', 'P1', 'DH-2', 'https://tem.example.vn/s/', '2026-11-20 02:00:00+00', 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.batch VALUES (1, 'released', 50, 'SP1', 'P1', 'DH-1', 'https://tem.example.vn/s/', '2026-11-20 02:00:00+00', 1, 0, 53, 53, '\x6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b', '{}', '\x73737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373', '2026-11-20 02:00:00+00', NULL);
INSERT INTO public.batch_counter VALUES (1, 3);
SELECT pg_catalog.setval('public.audit_entry_seq_seq', 1, false);
SELECT pg_catalog.setval('public.audit_head_id_seq', 1, false);
SELECT pg_catalog.setval('public.batch_counter_id_seq', 1, false);
ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT audit_entry_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.batch_counter
    ADD CONSTRAINT batch_counter_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT batch_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT batch_public_key_key UNIQUE (public_key);
ALTER TABLE ONLY public.batch
    ADD CONSTRAINT batch_reference_key UNIQUE (reference);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (tenant, key);
CREATE INDEX audit_entry_action ON public.audit_entry USING btree (action, seq);
CREATE INDEX audit_entry_actor ON public.audit_entry USING btree (actor, seq);
CREATE INDEX audit_entry_object ON public.audit_entry USING btree (object, seq);
CREATE INDEX ix_audit_entry_at ON public.audit_entry USING btree (at);
CREATE INDEX ix_audit_entry_request_id ON public.audit_entry USING btree (request_id);
CREATE INDEX ix_batch_producer_id ON public.batch USING btree (producer_id);
CREATE INDEX ix_batch_state ON public.batch USING btree (state);
CREATE INDEX ix_idempotency_created_at ON public.idempotency USING btree (created_at);
