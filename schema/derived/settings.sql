-- Settings and lists.

create index setting_by_name on setting (name);
create index list_item_by_list on list_item (list, code);

-- The company in one row, with what holds where nothing was set.
create view company as
select coalesce((select value from setting where name = 'company.name'), '') as name,
       coalesce((select value from setting where name = 'company.currency'), 'CNY') as currency;

-- The codes that a list accepts now, for messages to people.
create view list_choices as
select list, group_concat(code, ', ') as codes
  from (select list, code from list_item where active = 1 order by list, position, code)
 group by list;
