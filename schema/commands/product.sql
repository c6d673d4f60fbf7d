-- @command product.register  Add a product.
-- @zh 新增产品
-- @roles hq
-- @param id newid  The product's id, when the caller wants to choose it.
-- @param code text(63)  Its code.
-- @param name text(200)?  Its name; the code when not given.
-- @param series text(100)?  Series or category.
-- @param list_price money=0  List price.
-- @param currency text(3)?  Currency of the price; the company's when not given.
-- @param unit text(20)?  Unit it is sold in.
-- @param description text(4000)?  Description.
-- @example code=GTX-PRO name="GTX Pro" series=GTX list_price=4821
select require(not exists (select 1 from product where code = :code and deleted_at is null),
               'product.code_taken', 'code', 'Another product has this code; choose one that is free.'),
       require(:list_price >= 0, 'amount.negative', 'list_price', 'A price is not below zero.'),
       require(:currency is null or :currency glob '[A-Z][A-Z][A-Z]', 'currency.invalid', 'currency',
               'A currency is three letters such as CNY or USD.');
insert into product (id, code, name, series, list_price_minor, currency, unit, description)
select :id, :code, coalesce(:name, :code), :series, :list_price, coalesce(upper(:currency), company.currency), :unit, :description
  from company;
select id, code, name, list_price_minor, currency from product where id = :id;

-- @command product.edit  Change a product; what is not given stays.
-- @zh 修改产品
-- @roles hq
-- @param product id(product)  The product.
-- @param code text(63)?  Its code.
-- @param name text(200)?  Its name.
-- @param series text(100)?  Series or category.
-- @param list_price money?  List price.
-- @param currency text(3)?  Currency of the price.
-- @param unit text(20)?  Unit it is sold in.
-- @param description text(4000)?  Description.
-- @param active bool?  Whether it is still sold.
-- @param clear json?  Fields to empty: ["series","unit","description"].
select require(:list_price is null or :list_price >= 0, 'amount.negative', 'list_price', 'A price is not below zero.'),
       require(:currency is null or :currency glob '[A-Z][A-Z][A-Z]', 'currency.invalid', 'currency',
               'A currency is three letters such as CNY or USD.');
update product
   set code = coalesce(:code, code),
       name = coalesce(:name, name),
       series = case when 'series' in (select value from json_each(:clear)) then null else coalesce(:series, series) end,
       list_price_minor = coalesce(:list_price, list_price_minor),
       currency = coalesce(upper(:currency), currency),
       unit = case when 'unit' in (select value from json_each(:clear)) then null else coalesce(:unit, unit) end,
       description = case when 'description' in (select value from json_each(:clear)) then null else coalesce(:description, description) end,
       active = coalesce(:active, active)
 where id = :product;
select id, code, name, series, list_price_minor, currency, active from product where id = :product;

-- @command product.import  Add a product from a file, once: found again by its code.
-- @zh 导入产品
-- @roles hq
-- @may_noop
-- @param key text(63)  Its code in the file.
-- @param name text(200)?  Its name; the key when not given.
-- @param series text(100)?  Series or category.
-- @param list_price money=0  List price.
-- @param currency text(3)?  Currency of the price; the company's when not given.
-- @param mode enum(skip|update)=skip  What to do when there is such a product already.
-- @example key="GTX Pro" series=GTX list_price=4821 currency=USD
select require(:list_price >= 0, 'amount.negative', 'list_price', 'A price is not below zero.');
insert into product (id, code, name, series, list_price_minor, currency)
select text_key('product/' || :key), :key, coalesce(:name, :key), :series, :list_price, coalesce(upper(:currency), company.currency)
  from company
 where not exists (select 1 from product where code = :key and deleted_at is null)
on conflict (id) do nothing;
update product
   set name = coalesce(:name, name), series = coalesce(:series, series), list_price_minor = :list_price,
       currency = coalesce(upper(:currency), currency)
 where code = :key and deleted_at is null and :mode = 'update';
select id, code, name from product where code = :key and deleted_at is null limit 1;
