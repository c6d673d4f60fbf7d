-- @command person.register  Add a person who uses the system.
-- @zh 新增人员
-- @roles hq admin
-- @param id newid  The person's id, when the caller wants to choose it.
-- @param name text(100)  Full name.
-- @param code text(63)?  Short name for signing in; made from the name when not given.
-- @param name_en text(100)?  Name in Latin letters.
-- @param position text(100)?  Position.
-- @param branch id(branch)?  Home branch.
-- @param manager id(app_user)?  Whom he reports to.
-- @param role enum(rep|manager|hq|admin)=rep  What he may do.
-- @param roles json?  Several roles at once instead: ["rep","manager"].
-- @param phone text(40)?  Phone.
-- @param email text(200)?  E-mail.
-- @param employee_no text(40)?  Employee number.
-- @param hired_on date?  First working day.
-- @example name=李明朗 code=lml branch=central role=rep
select require(not exists (select 1 from app_user
                            where code = coalesce(:code, replace(fold(:name), ' ', '.')) and deleted_at is null),
               'person.code_taken', 'code', 'Somebody has this code; choose one that is free.'),
       require(not exists (select 1 from json_each(:roles) where value not in (select code from role)),
               'role.unknown', 'roles', 'Roles are rep, manager, hq and admin.'),
       require(:roles is null or json_array_length(:roles) > 0,
               'role.missing', 'roles', 'Give at least one of rep, manager, hq and admin.');
insert into app_user (id, name, code, name_en, position, branch_id, manager_id)
values (:id, :name, coalesce(:code, replace(fold(:name), ' ', '.')), :name_en, :position, :branch, :manager);
insert into person_card (user_id, phone, email, employee_no, hired_on)
values (:id, :phone, :email, :employee_no, :hired_on);
insert into user_role (user_id, role_id)
select :id, id
  from role
 where code in (select value from json_each(:roles)) or (:roles is null and code = :role);
insert into membership (id, user_id, branch_id, kind, started_on)
select new_id(), :id, :branch, 'home', coalesce(:hired_on, today())
 where :branch is not null;
select id, code, name from app_user where id = :id;

-- @command person.edit  Change a person's card; what is not given stays.
-- @zh 修改人员资料
-- @roles hq admin
-- @param person id(app_user)  The person.
-- @param name text(100)?  Full name.
-- @param code text(63)?  Short name for signing in.
-- @param name_en text(100)?  Name in Latin letters.
-- @param position text(100)?  Position.
-- @param branch id(branch)?  New home branch.
-- @param manager id(app_user)?  Whom he reports to.
-- @param phone text(40)?  Phone.
-- @param email text(200)?  E-mail.
-- @param employee_no text(40)?  Employee number.
-- @param hired_on date?  First working day.
-- @param clear json?  Fields to empty: ["manager","position","name_en","phone","email","employee_no"].
-- @example person=lml position=高级销售代表
-- Another home branch ends the old membership and begins a new one.
update membership
   set ended_on = today()
 where user_id = :person and kind = 'home' and ended_on is null and deleted_at is null
   and :branch is not null and branch_id <> :branch;
insert into membership (id, user_id, branch_id, kind, started_on)
select new_id(), :person, :branch, 'home', today()
 where :branch is not null
   and not exists (select 1 from membership
                    where user_id = :person and branch_id = :branch and kind = 'home'
                      and ended_on is null and deleted_at is null);
update app_user
   set name = coalesce(:name, name),
       code = coalesce(:code, code),
       name_en = case when 'name_en' in (select value from json_each(:clear)) then null else coalesce(:name_en, name_en) end,
       position = case when 'position' in (select value from json_each(:clear)) then null else coalesce(:position, position) end,
       branch_id = coalesce(:branch, branch_id),
       manager_id = case when 'manager' in (select value from json_each(:clear)) then null else coalesce(:manager, manager_id) end
 where id = :person;
insert into person_card (user_id)
select :person
 where coalesce(:phone, :email, :employee_no, :hired_on) is not null
on conflict (user_id) do nothing;
update person_card
   set phone = case when 'phone' in (select value from json_each(:clear)) then null else coalesce(:phone, phone) end,
       email = case when 'email' in (select value from json_each(:clear)) then null else coalesce(:email, email) end,
       employee_no = case when 'employee_no' in (select value from json_each(:clear)) then null else coalesce(:employee_no, employee_no) end,
       hired_on = coalesce(:hired_on, hired_on)
 where user_id = :person;
select id, code, name, position from app_user where id = :person;

-- @command person.set_own_contact  Change one's own phone and e-mail.
-- @zh 修改本人联系方式
-- @roles rep manager hq admin
-- @param phone text(40)?  Phone.
-- @param email text(200)?  E-mail.
update person_card
   set phone = coalesce(:phone, phone), email = coalesce(:email, email)
 where user_id = actor();
select phone, email from person_card where user_id = actor();

-- @command person.set_role  Give a person a role.
-- @zh 授予角色
-- @roles hq admin
-- @param person id(app_user)  The person.
-- @param role enum(rep|manager|hq|admin)  The role.
-- @example person=lml role=manager
insert into user_role (user_id, role_id)
select :person, id from role where code = :role
on conflict (user_id, role_id) do update set deleted_at = null where user_role.deleted_at is not null;
select u.id, u.name, group_concat(r.role, ', ') as roles
  from app_user u
  join engine_role r on r.user_id = u.id
 where u.id = :person
 group by u.id, u.name;

-- @command person.unset_role  Take a role from a person.
-- @zh 撤销角色
-- @roles hq admin
-- @param person id(app_user)  The person.
-- @param role enum(rep|manager|hq|admin)  The role.
select require(exists (select 1 from engine_role where user_id = :person and role = :role),
               'role.not_held', 'role', 'The person does not have this role.'),
       require(not (:person = actor() and :role in ('hq', 'admin')),
               'role.own', 'role', 'Nobody takes this role from himself; ask a colleague.');
update user_role
   set deleted_at = now_ms()
 where user_id = :person and role_id in (select id from role where code = :role) and deleted_at is null;
select id, name from app_user where id = :person;

-- @command person.deactivate  Somebody leaves: he can no longer sign in. His records stay; hand them over first or later.
-- @zh 停用人员
-- @roles hq admin
-- @param person id(app_user)  The person.
select require(:person <> actor(), 'person.self', 'person', 'Nobody deactivates himself.');
update app_user set active = 0 where id = :person;
update membership
   set ended_on = today()
 where user_id = :person and ended_on is null and deleted_at is null;
select u.id, u.name,
       (select count(*) from customer c where c.owner_id = u.id and c.deleted_at is null) as customers,
       (select count(*) from opportunity o join stage s on s.id = o.stage_id
         where o.owner_id = u.id and o.deleted_at is null and s.kind = 'open') as open_opportunities
  from app_user u
 where u.id = :person;

-- @command person.activate  Let somebody work again.
-- @zh 启用人员
-- @roles hq admin
-- @param person id(app_user)  The person.
update app_user set active = 1 where id = :person;
insert into membership (id, user_id, branch_id, kind, started_on)
select new_id(), id, branch_id, 'home', today()
  from app_user
 where id = :person and branch_id is not null
   and not exists (select 1 from membership
                    where user_id = :person and ended_on is null and deleted_at is null);
select id, name, active from app_user where id = :person;

-- @command person.lend  Let somebody work in another branch for a time: he sees its pool.
-- @zh 借调人员
-- @roles manager hq admin
-- @param person id(app_user)  The person.
-- @param branch id(branch)  The branch that borrows him.
-- @param from date=today  First day.
-- @param until date?  Planned last day.
-- @param capacity int(0..100000)?  How many customers he can take there.
select require(:until is null or :until >= :from, 'date.order', 'until', 'The last day lies before the first.'),
       require(not exists (select 1 from person_branch where user_id = :person and branch_id = :branch),
               'membership.exists', 'branch', 'He works in this branch already.');
insert into membership (id, user_id, branch_id, kind, started_on, planned_end_on, capacity)
values (new_id(), :person, :branch, 'loan', :from, :until, :capacity);
select u.name as person, b.name as branch from app_user u join branch b on b.id = :branch where u.id = :person;

-- @command person.return  End a loan.
-- @zh 结束借调
-- @roles manager hq admin
-- @param person id(app_user)  The person.
-- @param branch id(branch)  The branch that borrowed him.
update membership
   set ended_on = today()
 where user_id = :person and branch_id = :branch and kind = 'loan' and ended_on is null and deleted_at is null;
select id, name from app_user where id = :person;

-- @command person.import  Add a person from a file, once: found again by code or name.
-- @zh 导入人员
-- @roles hq
-- @may_noop
-- @param name text(100)  Full name.
-- @param code text(63)?  Short name for signing in; made from the name when not given.
-- @param manager id(app_user)?  Whom he reports to (import managers first).
-- @param branch id(branch)?  Home branch.
-- @param role enum(rep|manager|hq|admin)=rep  What he may do.
-- @param position text(100)?  Position.
-- @param mode enum(skip|update)=skip  What to do when there is such a person already.
-- @example name="Anna Snelling" manager="Dustin Brinkmann" branch=Central
insert into app_user (id, name, code, position, branch_id, manager_id)
select text_key('person/' || coalesce(:code, replace(fold(:name), ' ', '.'))), :name,
       coalesce(:code, replace(fold(:name), ' ', '.')), :position, :branch, :manager
 where not exists (select 1 from app_user
                    where (code = coalesce(:code, replace(fold(:name), ' ', '.')) or name = :name)
                      and deleted_at is null)
on conflict (id) do nothing;
update app_user
   set position = coalesce(:position, position), branch_id = coalesce(:branch, branch_id),
       manager_id = coalesce(:manager, manager_id)
 where (code = coalesce(:code, replace(fold(:name), ' ', '.')) or name = :name)
   and deleted_at is null and :mode = 'update';
insert into person_card (user_id)
select id from app_user
 where (code = coalesce(:code, replace(fold(:name), ' ', '.')) or name = :name) and deleted_at is null
on conflict (user_id) do nothing;
-- Roles and branch of somebody who has some already are left alone.
insert into user_role (user_id, role_id)
select u.id, r.id
  from app_user u
  join role r on r.code = :role
 where (u.code = coalesce(:code, replace(fold(:name), ' ', '.')) or u.name = :name) and u.deleted_at is null
   and not exists (select 1 from user_role x where x.user_id = u.id)
on conflict (user_id, role_id) do nothing;
insert into membership (id, user_id, branch_id, kind)
select text_key('membership/' || coalesce(:code, replace(fold(:name), ' ', '.'))), u.id, :branch, 'home'
  from app_user u
 where (u.code = coalesce(:code, replace(fold(:name), ' ', '.')) or u.name = :name) and u.deleted_at is null
   and :branch is not null
   and not exists (select 1 from membership x where x.user_id = u.id)
on conflict (id) do nothing;
select id, code, name
  from app_user
 where (code = coalesce(:code, replace(fold(:name), ' ', '.')) or name = :name) and deleted_at is null
 limit 1;
