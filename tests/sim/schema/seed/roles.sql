insert into role (id, code) values
  (text_key('role/rep'), 'rep'), (text_key('role/manager'), 'manager'),
  (text_key('role/hq'), 'hq'), (text_key('role/admin'), 'admin');
