-- 淄博, the year before by disease, level, pool, month and institution: after zibo-dip-groups.sql with
-- {of_year} the year before.
of_last_year as (
    select
        group_code, level, pool, month, fixmedins_code, count(*) as cases, sum(fee) as fee, sum(fund) as fund
    from grouped group by group_code, level, pool, month, fixmedins_code
)
