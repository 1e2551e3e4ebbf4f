import type { QueryInterface } from 'sequelize';

const up = `
  create table users (
    user_id uuid primary key,
    username text not null check (length(username) between 1 and 64),
    email text not null check (length(email) between 3 and 254),
    password_hash text not null,
    role text not null check (role in ('viewer', 'engineer', 'admin')),
    is_active boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
  );
  create unique index users_username_key on users (lower(username));
  create unique index users_email_key on users (lower(email));

  create table sessions (
    session_id uuid primary key,
    user_id uuid not null constraint sessions_user_id_fkey references users (user_id),
    refresh_token_hash text not null constraint sessions_refresh_token_hash_key unique,
    family_id uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    rotated_at timestamptz,
    revoked_at timestamptz,
    ip_address inet,
    user_agent text
  );
  create index sessions_family_id_idx on sessions (family_id);

  create table vehicles (
    vehicle_id uuid primary key,
    vin text not null constraint vehicles_vin_key unique check (vin ~ '\\A[A-HJ-NPR-Z0-9]{17}\\Z'),
    make text not null,
    model text not null,
    model_year integer not null,
    sovd_base_url text not null,
    connection_status text not null check (connection_status in ('connected', 'disconnected', 'error')),
    last_seen_at timestamptz,
    last_checked_at timestamptz,
    metadata jsonb not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    retired_at timestamptz
  );
  create index vehicles_created_at_idx on vehicles (created_at desc, vehicle_id desc);

  create table commands (
    command_id uuid primary key,
    user_id uuid not null constraint commands_user_id_fkey references users (user_id),
    vehicle_id uuid not null constraint commands_vehicle_id_fkey references vehicles (vehicle_id),
    command_name text not null,
    command_params jsonb not null,
    safety text not null check (safety in ('safe', 'idempotent', 'unsafe')),
    status text not null check (
      status in ('pending', 'in_progress', 'completed', 'failed', 'cancelled', 'expired', 'outcome_unknown')
    ),
    error_code text,
    error_message text,
    idempotency_key text check (length(idempotency_key) between 1 and 128),
    request_hash text,
    when_offline text not null check (when_offline in ('fail', 'queue')),
    timeout_seconds integer not null check (timeout_seconds between 1 and 3600),
    expires_at timestamptz not null,
    submitted_at timestamptz not null,
    started_at timestamptz,
    completed_at timestamptz,
    cancel_requested_at timestamptz,
    attempts integer not null,
    not_before timestamptz,
    last_event_number integer not null,
    response_count integer not null,
    lease_number integer not null,
    lease_owner uuid,
    lease_expires_at timestamptz,
    check ((idempotency_key is null) or (request_hash is not null)),
    check ((completed_at is not null) = (status not in ('pending', 'in_progress'))),
    check (status <> 'in_progress' or (started_at is not null and lease_owner is not null and lease_expires_at is not null))
  );
  create unique index commands_idempotency_key on commands (user_id, idempotency_key) where idempotency_key is not null;
  create index commands_submitted_at_idx on commands (submitted_at desc, command_id desc);
  create index commands_vehicle_id_idx on commands (vehicle_id, submitted_at desc, command_id desc);
  create index commands_user_id_idx on commands (user_id, submitted_at desc, command_id desc);
  create index commands_lane_idx on commands (vehicle_id, submitted_at, command_id) where status in ('pending', 'in_progress');
  create index commands_pending_idx on commands (submitted_at, command_id) where status = 'pending';
  create index commands_expires_at_idx on commands (expires_at) where status = 'pending';
  create index commands_lease_idx on commands (lease_expires_at) where status = 'in_progress';

  create table command_transitions (
    command_id uuid not null constraint command_transitions_command_id_fkey references commands (command_id),
    event_number integer not null,
    from_status text,
    to_status text not null,
    occurred_at timestamptz not null,
    actor text not null,
    reason text not null,
    primary key (command_id, event_number)
  );

  create table responses (
    response_id uuid primary key,
    command_id uuid not null constraint responses_command_id_fkey references commands (command_id),
    sequence_number integer not null check (sequence_number >= 0),
    event_number integer not null check (event_number > 0),
    subject text not null,
    response_payload jsonb not null,
    is_final boolean not null,
    received_at timestamptz not null,
    constraint responses_sequence_number_key unique (command_id, sequence_number),
    constraint responses_event_number_key unique (command_id, event_number),
    constraint responses_subject_key unique (command_id, subject)
  );

  create table audit_logs (
    log_id uuid primary key,
    occurred_at timestamptz not null,
    actor_kind text not null check (actor_kind in ('user', 'anonymous', 'service')),
    user_id uuid,
    username text,
    action text not null,
    entity_type text not null,
    entity_id text,
    vehicle_id uuid,
    command_id uuid,
    outcome text not null check (outcome in ('success', 'refused', 'failure')),
    details jsonb not null,
    ip_address inet,
    user_agent text,
    request_id text
  );
  create index audit_logs_occurred_at_idx on audit_logs (occurred_at desc, log_id desc);

  create function refuse_change() returns trigger language plpgsql as $refuse$
  begin
    raise exception 'the audit log is append only' using errcode = 'insufficient_privilege';
  end
  $refuse$;
  create trigger audit_logs_append_only before update or delete on audit_logs
    for each row execute function refuse_change();
  create trigger audit_logs_no_truncate before truncate on audit_logs
    for each statement execute function refuse_change();

  create function expect_rows(actual bigint, expected bigint) returns void language plpgsql as $expect$
  begin
    if actual <> expected then
      raise exception 'a change expected % rows and met %', expected, actual using errcode = 'SF001';
    end if;
  end
  $expect$;
`;

const down = `
  drop function expect_rows(bigint, bigint);
  drop table audit_logs;
  drop function refuse_change();
  drop table responses;
  drop table command_transitions;
  drop table commands;
  drop table vehicles;
  drop table sessions;
  drop table users;
`;

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, up),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, down),
};
