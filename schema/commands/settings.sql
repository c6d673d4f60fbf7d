-- @command setting.set  Set one of the company's settings.
-- @zh 修改公司设置
-- @roles hq admin
-- @may_noop
-- @param name text(63)  Its name, such as company.name, company.currency or follow_up.neglected_days.
-- @param value text(2000)  Its value.
-- @example name=company.currency value=USD
select require(exists (select 1 from setting where name = :name) or :name in ('company.name', 'company.currency'),
               'setting.unknown', 'name',
               'There is no such setting; settings are ' || (select group_concat(name, ', ') from setting) || '.'),
       require(:name <> 'company.currency' or :value glob '[A-Z][A-Z][A-Z]', 'currency.invalid', 'value',
               'A currency is three capital letters such as CNY or USD.'),
       require(:name not in ('follow_up.neglected_days', 'follow_up.first_contact_hours', 'follow_up.overdue_days', 'pool.claim_limit')
               or (cast(:value as integer) >= 0 and cast(cast(:value as integer) as text) = :value),
               'setting.invalid', 'value', 'This setting is a whole number, 0 or more.');
insert into setting (id, name, value)
values (text_key('setting/' || :name), :name, :value)
on conflict (id) do update set value = excluded.value where setting.value <> excluded.value;
select name, value from setting where name = :name;

-- @command list_item.set  Add an entry to a list, or change the one with this code.
-- @zh 维护字典项
-- @roles hq
-- @may_noop
-- @param list enum(source|industry|customer_level|customer_type|lost_reason|interaction_kind|interaction_outcome)  The list.
-- @param code text(63)  The entry's code, which records hold.
-- @param name_zh text(100)?  Name in Chinese; needed for a new entry.
-- @param name_en text(100)?  Name in English; as the Chinese one when a new entry has none.
-- @param position int(0..1000000)?  Where it stands in the list.
-- @param active bool?  Whether it can be chosen.
-- @example list=source code=exhibition name_zh=展会 name_en=Exhibition
select require(:name_zh is not null or exists (select 1 from list_item where list = :list and code = :code),
               'parameter.missing', 'name_zh', 'A new entry needs a name.');
insert into list_item (id, list, code, name_zh, name_en, position, active)
select text_key('list/' || :list || '/' || :code), :list, :code, :name_zh, coalesce(:name_en, :name_zh),
       coalesce(:position, (select max(position) + 10 from list_item where list = :list), 10), coalesce(:active, 1)
 where not exists (select 1 from list_item where list = :list and code = :code)
on conflict (id) do nothing;
update list_item
   set name_zh = coalesce(:name_zh, name_zh), name_en = coalesce(:name_en, name_en),
       position = coalesce(:position, position), active = coalesce(:active, active)
 where list = :list and code = :code;
select id, list, code, name_zh, name_en, position, active from list_item where list = :list and code = :code;
