-- The roles of the line @roles in tables/people.sql.
insert into role (id, code, name_zh, name_en) values
  (text_key('seed/role/rep'), 'rep', '销售代表', 'Salesperson'),
  (text_key('seed/role/manager'), 'manager', '销售经理', 'Sales manager'),
  (text_key('seed/role/hq'), 'hq', '总部', 'Headquarters'),
  (text_key('seed/role/admin'), 'admin', '系统管理员', 'Administrator');
