-- 淄博, first: stays of one year (A54, R15) and their diseases (R02, R32, R33). File of the catalog beside
-- groups.csv, as text columns: file_op_attribute. `last_year` is asked with {of_year} the year before.
-- The year that is settled net of everything, the year before as it was cleared (R03).
alive as (
    select
        setl_id, stay, fixmedins_code, insutype, year, month, begntime, endtime, setl_time,
        case when {of_year} = {year} then fee else fee_cleared end as fee,
        case when {of_year} = {year} then fund else fund_cleared end as fund,
        case when {of_year} = {year} then fee_back else fee_back_same_year end as fee_back
    from scoped
),
last_ranked as (
    select *,
        row_number() over (partition by stay order by setl_time desc, setl_id desc) as place,
        sum(fee) over (partition by stay) as stay_fee,
        sum(fund) over (partition by stay) as stay_fund,
        min(begntime) over (partition by stay) as began
    from alive where fee_back = 0 or fee > 0
),
tier_of as (
    select
        fixmedins_code,
        case
            when inst_type = 'township' then case when grade_a = '1' then '甲等镇卫生院' else '其他镇卫生院' end
            when inst_type = 'community' then '一级'
            when hosp_lv in ('1', '2') and inst_type = 'general' then '三级综合甲等'
            when hosp_lv in ('1', '2', '3', '4', '12') then '其他三级'
            when hosp_lv = '5' and inst_type = 'general' then '二级综合甲等'
            when hosp_lv in ('5', '6', '7', '13') then '其他二级'
            else '一级'
        end as tier,
        -- Community centres and township hospitals go by type, and count as level one (3.3).
        case
            when inst_type in ('township', 'community') then 1
            when hosp_lv in ('1', '2', '3', '4', '12') then 3
            when hosp_lv in ('5', '6', '7', '13') then 2
            else 1
        end as level
    from institution
),
stays as (
    select
        setl_id, last_ranked.fixmedins_code, insutype as pool, month, stay_fee as fee,
        stay_fund as fund, tier, level, cast(endtime as date) as ended, cast(began as date) as began
    from last_ranked left join tier_of on tier_of.fixmedins_code = last_ranked.fixmedins_code
    where place = 1 and year = {of_year}
),
-- Diagnoses and operations, equal rows once (R26); the main ones (R32, R33).
diagnosed as (
    select setl_id, diag_code,
        row_number() over (
            partition by setl_id
            order by case when maindiag_flag = '1' then 0 else 1 end, diag_srt_no, diag_code
        ) as place
    from (select distinct setl_id, diag_code, maindiag_flag, diag_srt_no from diagnosis) once_each
),
operated as (
    select setl_id, oprn_oprt_code,
        row_number() over (
            partition by setl_id
            order by case when oprn_oprt_type = '1' then 0 else 1 end, oprn_srt_no, oprn_oprt_code
        ) as place
    from (select distinct setl_id, oprn_oprt_code, oprn_oprt_type, oprn_srt_no from procedure) once_each
),
coded as (
    select
        stays.*,
        case when substr(diag_code, 4, 1) = '.' then substr(diag_code, 1, 5) else substr(diag_code, 1, 4) end as disease,
        substr(diag_code, 1, 3) as category, coalesce(main_op.oprn_oprt_code, '') as main_operation,
        case attribute when 'surgery' then 'S' when 'therapeutic' then 'T' when 'diagnostic' then 'D'
            else 'C' end as kind_of
    from stays
    left join (select * from diagnosed where place = 1) main_dx on main_dx.setl_id = stays.setl_id
    left join (select * from operated where place = 1) main_op on main_op.setl_id = stays.setl_id
    left join file_op_attribute on file_op_attribute.oprn_oprt_code = main_op.oprn_oprt_code
),
-- Core diseases of the catalog in their parts, one row for each related operation.
core as (
    select
        group_code, cast(mean as decimal(38, 0)) as mean, split_part(group_code, '+', 1) as disease,
        split_part(group_code, '+', 2) as main_operation
    from catalog where group_code not like '%\_%'
),
core_related as (
    select group_code, split_part(group_code, '+', part) as operation
    from core cross join (values (3), (4), (5), (6), (7), (8), (9)) parts(part)
    where split_part(group_code, '+', part) <> ''
),
core_count as (
    select core.group_code, disease, main_operation, mean, count(operation) as related
    from core left join core_related on core_related.group_code = core.group_code
    group by core.group_code, disease, main_operation, mean
),
case_related as (
    select distinct coded.setl_id, operated.oprn_oprt_code as operation
    from coded join operated on operated.setl_id = coded.setl_id
    where operated.oprn_oprt_code <> coded.main_operation
),
met as (
    select case_related.setl_id, core_related.group_code, count(*) as related
    from case_related join core_related on core_related.operation = case_related.operation
    group by case_related.setl_id, core_related.group_code
),
-- R02: all related operations of the group are the case's; most of them, nearest mean, code (A50).
matched as (
    select coded.setl_id, core_count.group_code,
        row_number() over (
            partition by coded.setl_id
            order by core_count.related desc, abs(cast(fee as decimal(38, 0)) * 100 - mean), core_count.group_code
        ) as place
    from coded
    join core_count on core_count.disease = coded.disease
        and core_count.main_operation = coded.main_operation
    left join met on met.setl_id = coded.setl_id
        and met.group_code = core_count.group_code
    where core_count.related = coalesce(met.related, 0)
),
grouped as (
    select
        coded.*, catalog.group_code, cast(catalog.points as decimal(76, 0)) as base_points,
        cast(catalog.mean as decimal(76, 0)) as catalog_mean
    from coded
    left join (select * from matched where place = 1) best
        on best.setl_id = coded.setl_id
    left join catalog on catalog.mean > 0
        and catalog.group_code = coalesce(best.group_code, coded.category || '_' || coded.kind_of)
)
