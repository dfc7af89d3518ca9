-- Two roles instead of one: connector_owner migrates, connector_app works and can neither change the schema nor what the
-- audit log says.
--
--   psql --dbname=connector --file=roles.sql        as a superuser, before or after the first migration, and again at will
--   psql --dbname=connector --command='\password connector_owner' --command='\password connector_app'
--
--   CONNECTOR_DATABASE_URL=postgresql://connector_owner:…@host/connector   am-connector migrate     once a release
--   CONNECTOR_DATABASE_URL=postgresql://connector_app:…@host/connector     am-connector run

select set_config('connector.owner', 'connector_owner', false), set_config('connector.app', 'connector_app', false);

do $$
declare
    owner constant text := current_setting('connector.owner');
    app constant text := current_setting('connector.app');
    place constant text := current_schema();
    name text;
begin
    foreach name in array array[owner, app] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I login', name);
        end if;
    end loop;

    -- Nobody else gets in.
    execute format('revoke all on database %I from public', current_database());
    execute format('revoke all on schema %I from public', place);
    execute format('grant connect on database %I to %I, %I', current_database(), owner, app);
    execute format('grant usage, create on schema %I to %I', place, owner);
    execute format('grant usage on schema %I to %I', place, app);

    -- What migrations could not make without more rights in the database: the extension for the search of dead letters.
    begin
        execute format('create extension if not exists pg_trgm schema %I', place);
    exception
        when feature_not_supported or undefined_file then
            raise warning 'dead letters are searched without an index: %', sqlerrm;
    end;

    -- What migrations will make.
    execute format('alter default privileges for role %I in schema %I grant select, insert, update, delete on tables to %I',
                   owner, place, app);
    execute format('alter default privileges for role %I in schema %I grant usage on sequences to %I', owner, place, app);
    execute format('alter default privileges for role %I in schema %I grant execute on functions to %I', owner, place, app);

    -- What they have made already.
    for name in
        select format('%I.%I', place, relname) from pg_class
        where relnamespace = place::regnamespace and relkind in ('r', 'p')
    loop
        execute format('alter table %s owner to %I', name, owner);
    end loop;
    for name in
        select oid::regprocedure::text from pg_proc
        where pronamespace = place::regnamespace
          and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
    loop
        execute format('alter function %s owner to %I', name, owner);
        execute format('grant execute on function %s to %I', name, app);
    end loop;
    execute format('grant select, insert, update, delete on all tables in schema %I to %I', place, app);
    execute format('grant usage on all sequences in schema %I to %I', place, app);
    if to_regclass(format('%I.audit_log', place)) is not null then
        execute format('revoke update, delete, truncate on %I.audit_log from %I', place, app);
    end if;
    if to_regclass(format('%I.alembic_version', place)) is not null then
        execute format('revoke insert, update, delete, truncate on %I.alembic_version from %I', place, app);
    end if;
end
$$;
