-- @query setting.list  The company's settings.
-- @zh 公司设置
select name, value, updated_at from setting order by name;

-- @query list.items  The entries of a list, or of all lists.
-- @zh 字典项
-- @param list text(63)?  Only this list.
-- @param all bool=no  Also entries that can no longer be chosen.
select id, list, code, name_zh, name_en, position, active
  from list_item
 where (:list is null or list = :list) and (:all = 1 or active = 1)
 order by list, position, code;

-- @query product.list  The products.
-- @zh 产品列表
-- @param text text(200)?  Only those whose name or code holds this text.
-- @param series text(100)?  Only of this series.
-- @param all bool=no  Also those no longer sold.
select id, code, name, series, list_price_minor, currency, unit, active
  from product
 where deleted_at is null and (:all = 1 or active = 1)
   and (:series is null or series = :series)
   and (:text is null or search_matches(:text, name, code, series))
 order by series, code;

-- @query pipeline.list  The pipelines.
-- @zh 销售流程列表
select p.id, p.code, p.name_zh, p.name_en, p.is_default, p.allows_backward, p.active,
       (select count(*) from stage s where s.pipeline_id = p.id and s.active = 1) as stages
  from pipeline p
 order by p.is_default desc, p.code;

-- @query stage.list  The stages of a pipeline, in order.
-- @zh 销售阶段列表
-- @param pipeline code(pipeline)?  Only of this pipeline.
-- @param all bool=no  Also those that cannot be entered any more.
select s.id, p.code as pipeline_code, s.code, s.name_zh, s.name_en, s.kind, s.probability_bp, s.rot_days, s.position, s.active
  from stage s
  join pipeline p on p.id = s.pipeline_id
 where (:pipeline is null or s.pipeline_id = :pipeline) and (:all = 1 or s.active = 1)
 order by p.is_default desc, p.code, s.position;

-- @query company.show  The company: its name, its currency, and how many there are of what.
-- @zh 公司概况
select c.name, c.currency,
       (select count(*) from app_user where active = 1 and deleted_at is null) as people,
       (select count(*) from customer where deleted_at is null) as customers,
       (select count(*) from opportunity where deleted_at is null) as opportunities
  from company c;
