-- @rule product.code_taken  Two products do not have the same code.
-- @zh 产品代码不能重复
-- @tables product
-- @since 1
select c.row_key as row_key, 'code' as field
  from changed c
  join product p on p.id = c.row_key
  join product other on other.code = p.code and other.id <> p.id
 where c.table_name = 'product' and c.column_name in ('code', 'deleted_at')
   and p.deleted_at is null and other.deleted_at is null;
