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
CREATE TABLE public.accepted_manifest (
    batch bigint NOT NULL,
    digest character varying(64) NOT NULL,
    public_key character varying(64) NOT NULL
);
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
CREATE TABLE public.idempotency (
    tenant character varying(100) NOT NULL,
    key character varying(200) NOT NULL,
    request_hash character varying(64) NOT NULL,
    answer text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    operation character varying(200) NOT NULL
);
CREATE TABLE public.read_position (
    id integer NOT NULL,
    epoch character varying(32),
    change bigint NOT NULL,
    went_back boolean NOT NULL,
    restores integer NOT NULL
);
CREATE SEQUENCE public.read_position_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.read_position_id_seq OWNED BY public.read_position.id;
ALTER TABLE ONLY public.audit_entry ALTER COLUMN seq SET DEFAULT nextval('public.audit_entry_seq_seq'::regclass);
ALTER TABLE ONLY public.audit_head ALTER COLUMN id SET DEFAULT nextval('public.audit_head_id_seq'::regclass);
ALTER TABLE ONLY public.read_position ALTER COLUMN id SET DEFAULT nextval('public.read_position_id_seq'::regclass);
INSERT INTO public.accepted_manifest VALUES (1, 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 'pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp');
INSERT INTO public.api_key VALUES ('21b274aa7303', 'Siêu thị', 'retailer', NULL, 'a9cb28f984291374abbd206a07ea49a8923c9b8db91c944974f869ee174daa53', '2026-11-20 02:00:00+00', NULL);
INSERT INTO public.audit_entry VALUES (1, '2026-11-20 02:00:00+00', 'test', 'key.created', 'key:21b274aa7303', '', '{"name": "Siêu thị", "producer_id": null, "role": "retailer"}', '0000000000000000000000000000000000000000000000000000000000000000', 'd35dbf6d4c67967f58278577f9752cca36dc90f60bc0c9c38cea36f4785d43a8');
INSERT INTO public.audit_head VALUES (1, 1, 'd35dbf6d4c67967f58278577f9752cca36dc90f60bc0c9c38cea36f4785d43a8');
INSERT INTO public.read_position VALUES (1, 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', 7, false, 0);
SELECT pg_catalog.setval('public.audit_entry_seq_seq', 1, false);
SELECT pg_catalog.setval('public.audit_head_id_seq', 1, false);
SELECT pg_catalog.setval('public.read_position_id_seq', 1, false);
ALTER TABLE ONLY public.accepted_manifest
    ADD CONSTRAINT accepted_manifest_pkey PRIMARY KEY (batch);
ALTER TABLE ONLY public.accepted_manifest
    ADD CONSTRAINT accepted_manifest_public_key_key UNIQUE (public_key);
ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT audit_entry_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (tenant, key);
ALTER TABLE ONLY public.read_position
    ADD CONSTRAINT read_position_pkey PRIMARY KEY (id);
CREATE INDEX audit_entry_action ON public.audit_entry USING btree (action, seq);
CREATE INDEX audit_entry_actor ON public.audit_entry USING btree (actor, seq);
CREATE INDEX audit_entry_object ON public.audit_entry USING btree (object, seq);
CREATE INDEX ix_audit_entry_at ON public.audit_entry USING btree (at);
CREATE INDEX ix_audit_entry_request_id ON public.audit_entry USING btree (request_id);
CREATE INDEX ix_idempotency_created_at ON public.idempotency USING btree (created_at);
