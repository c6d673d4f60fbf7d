-- @command opportunity.edit_product  Change a product line; what is not given stays.
-- @zh 修改产品行
-- @roles rep manager hq
-- @param line id(opportunity_product)  The line.
-- @param quantity int(1..900000)?  How many.
-- @param unit_price money?  Price of one.
-- @param note text(500)?  Remark; an empty one is left as it was.
select require(:unit_price is null or :unit_price >= 0, 'amount.negative', 'unit_price', 'A price is not below zero.');
update opportunity_product
   set quantity_qty = coalesce(:quantity * 1000, quantity_qty),
       unit_price_minor = coalesce(:unit_price, unit_price_minor),
       note = coalesce(:note, note)
 where id = :line and deleted_at is null;
select id, quantity_qty, unit_price_minor, note from opportunity_product where id = :line;
