-- @rule deal.amount_limit  A large deal is a manager's. Since the present version of the schema.
-- @zh 大额商机由经理处理
-- @tables deal
-- @since 3
select c.row_key as row_key, 'amount' as field
  from changed c
 where c.table_name = 'deal' and c.column_name = 'amount_minor' and c.new_int > 900000 and has_role('manager') = 0;

-- @rule visit.text_short  Visits are short. Since the present version: what older stations send is only flagged.
-- @zh 拜访记录应简短
-- @tables visit
-- @since 3
select t.row_key as row_key, 'text' as field
  from touched t
  join visit v on v.id = t.row_key
 where t.table_name = 'visit' and length(v.text) > 10;
