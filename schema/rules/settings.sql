-- @rule setting.key  A setting's id follows from its name, so that there is one of each.
-- @zh 设置项的标识由名称决定
-- @tables setting
-- @since 1
select c.row_key as row_key, 'name' as field
  from changed c
 where c.table_name = 'setting' and c.column_name = 'name'
   and c.row_key <> text_key('setting/' || c.new_text);

-- @rule list_item.key  An entry's id follows from its list and code, so that there is one of each.
-- @zh 字典项的标识由列表和代码决定
-- @tables list_item
-- @since 1
select t.row_key as row_key, 'code' as field
  from touched t
  join list_item l on l.id = t.row_key
 where t.table_name = 'list_item' and l.id <> text_key('list/' || l.list || '/' || l.code);

-- @rule tag.key  A tag's id follows from its word, so that there is one of each.
-- @zh 标签的标识由名称决定
-- @tables tag
-- @since 1
select c.row_key as row_key, 'tag' as field
  from changed c
 where c.table_name = 'tag' and c.column_name = 'name'
   and c.row_key <> text_key('tag/' || fold(c.new_text));
