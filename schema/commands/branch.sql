-- @command branch.register  Add a branch.
-- @zh 新增网点
-- @roles hq admin
-- @param id newid  The branch's id, when the caller wants to choose it.
-- @param code text(63)  Its short code.
-- @param name text(100)  Its name.
-- @param region text(100)?  The region it lies in.
-- @param utc_offset_minutes int(-840..840)=480  Its time zone: minutes east of UTC.
-- @param parent id(branch)?  The branch it belongs to.
-- @example code=central name=Central region=Midwest utc_offset_minutes=-360
select require(not exists (select 1 from branch where code = :code and deleted_at is null),
               'branch.code_taken', 'code', 'Another branch has this code; choose one that is free.');
insert into branch (id, code, name, region, utc_offset_minutes, parent_id)
values (:id, :code, :name, :region, :utc_offset_minutes, :parent);
select id, code, name from branch where id = :id;

-- @command branch.edit  Change a branch; what is not given stays.
-- @zh 修改网点
-- @roles hq admin
-- @param branch id(branch)  The branch.
-- @param code text(63)?  Its short code.
-- @param name text(100)?  Its name.
-- @param region text(100)?  The region it lies in.
-- @param utc_offset_minutes int(-840..840)?  Its time zone: minutes east of UTC.
-- @param parent id(branch)?  The branch it belongs to.
-- @param active bool?  Whether people may be put there.
-- @param clear json?  Fields to empty: ["region","parent"].
update branch
   set code = coalesce(:code, code),
       name = coalesce(:name, name),
       region = case when 'region' in (select value from json_each(:clear)) then null else coalesce(:region, region) end,
       utc_offset_minutes = coalesce(:utc_offset_minutes, utc_offset_minutes),
       parent_id = case when 'parent' in (select value from json_each(:clear)) then null else coalesce(:parent, parent_id) end,
       active = coalesce(:active, active)
 where id = :branch;
select id, code, name, region, utc_offset_minutes, active from branch where id = :branch;

-- @command branch.import  Add a branch from a file, once.
-- @zh 导入网点
-- @roles hq
-- @may_noop
-- @param key text(63)  Its code in the file.
-- @param name text(100)?  Its name; the key when not given.
-- @param region text(100)?  The region it lies in.
-- @param utc_offset_minutes int(-840..840)=480  Its time zone: minutes east of UTC.
-- @param mode enum(skip|update)=skip  What to do when there is such a branch already.
-- @example key=Central
insert into branch (id, code, name, region, utc_offset_minutes)
select text_key('branch/' || :key), :key, coalesce(:name, :key), :region, :utc_offset_minutes
 where not exists (select 1 from branch where code = :key and deleted_at is null)
on conflict (id) do nothing;
update branch
   set name = coalesce(:name, name), region = coalesce(:region, region)
 where code = :key and deleted_at is null and :mode = 'update';
select id, code from branch where code = :key and deleted_at is null limit 1;
