-- 攀枝花: stays (A54, R15), groups of a grouper (R26), base points × coefficient with low and high cases
-- (5.3, 5.4), decided cases, allocate(budget − paid by item, points), months by A44 (R10: the budget).
-- stage second: {netted}
main_ranked as (
    select setl_id, diag_code,
        row_number() over (
            partition by setl_id
            order by case when maindiag_flag = '1' then 0 else 1 end, diag_srt_no, diag_code
        ) as place
    from diagnosis
),
main_diagnosis as (
    select setl_id, diag_code from main_ranked where place = 1
),
-- R05, settlement by settlement, before stays are put together.
scoped as (
    select found.*, case when mdtrt_id is null or mdtrt_id = '' then found.setl_id else mdtrt_id end as stay
    from found left join main_diagnosis on main_diagnosis.setl_id = found.setl_id
    where insutype in ('310', '390') and med_type in ('21', '22', '23', '24')
        and pay_loc not in ('3', '4') and (insu_admdvs = '' or insu_admdvs like '5104%')
        and hi_paymtd <> '2'
        and substr(coalesce(main_diagnosis.diag_code, ''), 1, 3) not in ('F20', 'F22', 'F25', 'F31')
),
last_ranked as (
    select *,
        row_number() over (partition by stay order by setl_time desc, setl_id desc) as place,
        sum(fee) over (partition by stay) as stay_fee,
        sum(fund) over (partition by stay) as stay_fund
    from scoped where fee_back = 0 or fee > 0
),
stays as (
    select setl_id, fixmedins_code, year, month, stay_fee as fee, stay_fund as fund
    from last_ranked where place = 1
),
one_result as (
    select setl_id, min(group_code) as group_code from group_result
    where scheme = 'drg' group by setl_id having count(distinct group_code) = 1
),
decided as (
    select distinct setl_id, kind, cast(round(value * 10000) as bigint) as value from special
),
-- Points of groups, of decisions and of results are whole ten-thousandths; means too (of a yuan).
known as (
    select
        stays.*, decided.kind, decided.value, base.mean as whole_mean,
        cast(catalog.points as decimal(38, 0)) as base_points,
        cast(catalog.mean as decimal(38, 0)) as mean, cast(stays.fee as decimal(38, 0)) as fen,
        cast(coalesce(institution.coef, 1) * 1000000 as decimal(38, 0)) as coef,
        -- The high line in tenths: by weight = points ÷ 100.
        case
            when catalog.points < 1000000 then 30 when catalog.points < 2000000 then 25
            when catalog.points < 3000000 then 20 when catalog.points < 5000000 then 15 else 13
        end as line
    from stays
    cross join base
    left join one_result on one_result.setl_id = stays.setl_id
    left join catalog on catalog.group_code = one_result.group_code
        and catalog.mean > 0 and one_result.group_code not in ('000', '0000')
    left join decided on decided.setl_id = stays.setl_id
    left join institution on institution.fixmedins_code = stays.fixmedins_code
    where stays.year = {year}
),
-- Numerator and denominator of the points, before the only rounding.
fraction as (
    select *,
        case
            when base_points is null then fen * 70000000                       -- 0.7 × fee ÷ M × 100
            when fen * 2000 < mean * 7 then fen * 100000000                    -- fee ÷ M × 100
            when fen * 1000 > mean * line                                      -- + (ratio − K) × base
                then base_points * (coef * mean + fen * 100000000 - mean * line * 100000)
            else base_points * coef
        end as numerator,
        case
            when base_points is null or fen * 2000 < mean * 7 then cast(whole_mean as decimal(38, 0))
            when fen * 1000 > mean * line then mean * 1000000
            else cast(1000000 as decimal(38, 0))
        end as denominator
    from known
),
cased as (
    select
        fixmedins_code, month, fee, fund,
        case
            when kind = 'item' then 0
            when kind = 'points' then value
            when fee = 0 then 0
            else cast(floor((2 * numerator + denominator) / (2 * denominator)) as bigint)
                + case when kind = 'add' then value else 0 end
        end as points,
        case when kind = 'item' or (fee = 0 and kind is null) then fund else 0 end as as_booked
    from fraction
),
own as (
    select
        fixmedins_code, count(*) as cases, sum(fee) as cost, sum(fund) as booked,
        sum(points) as points, sum(as_booked) as as_booked
    from cased group by fixmedins_code
),
pool as (
    select
        (select cast(amount * 100 as bigint) from budget
            where year = {year} and pool = 'all' and item = 'budget') as budget,
        sum(points) as points, sum(as_booked) as as_booked
    from own
),
shared as (
    select
        own.*, cast(pool.budget - pool.as_booked as decimal(38, 0)) * own.points as product,
        cast(pool.points as decimal(38, 0)) as whole, pool.budget - pool.as_booked as money
    from own cross join pool
),
floored as (
    select *, cast(floor(product / whole) as bigint) as part,
        product - cast(floor(product / whole) as decimal(38, 0)) * whole as remainder
    from shared
),
ranked as (
    select *,
        row_number() over (order by remainder desc, fixmedins_code) as place,
        money - sum(part) over () as left_over
    from floored
),
paid as (
    select
        fixmedins_code, cases, cost, booked, points,
        as_booked + part + case when place <= left_over then 1 else 0 end as paid
    from ranked
),
-- Months: the yearly budget by last year's booked of each month, stays as they were cleared (R03); 90 %
-- of the smaller of quota and booked.
cleared_ranked as (
    select *, row_number() over (partition by stay order by setl_time desc, setl_id desc) as place,
        sum(fund_cleared) over (partition by stay) as stay_fund
    from scoped where fee_back_same_year = 0 or fee_cleared > 0
),
before as (
    select month, sum(stay_fund) as booked from cleared_ranked
    where place = 1 and year = {year} - 1 group by month
),
quota_floor as (
    select
        month, booked, budget,
        cast(floor(cast(budget as decimal(38, 0)) * booked / cast(sum(booked) over () as decimal(38, 0))) as bigint) as part,
        cast(sum(booked) over () as decimal(38, 0)) as whole
    from before cross join pool
),
quota_rank as (
    select *,
        row_number() over (
            order by cast(budget as decimal(38, 0)) * booked - part * whole desc, month
        ) as place,
        budget - sum(part) over () as left_over
    from quota_floor
),
quota as (
    select month, part + case when place <= left_over then 1 else 0 end as quota from quota_rank
),
month_own as (
    select month, fixmedins_code, sum(fund) as booked from cased group by month, fixmedins_code
),
month_sum as (
    select month, sum(booked) as booked from month_own group by month
),
month_area as (
    select
        month_sum.month,
        -- round(0.90 × it), half away from zero
        cast(floor((cast(greatest(least(quota, booked), 0) as decimal(38, 0)) * 18 + 10) / 20) as bigint) as advance
    from month_sum join quota on quota.month = month_sum.month
),
month_floor as (
    select
        month_own.month, fixmedins_code, advance,
        cast(sum(greatest(booked, 0)) over (partition by month_own.month) as decimal(38, 0)) as whole,
        cast(advance as decimal(38, 0)) * greatest(booked, 0) as product
    from month_own join month_area on month_area.month = month_own.month
    where advance > 0
),
month_rank as (
    select *, cast(floor(product / whole) as bigint) as part,
        row_number() over (
            partition by month
            order by product - cast(floor(product / whole) as decimal(38, 0)) * whole desc, fixmedins_code
        ) as place
    from month_floor
),
month_part as (
    select fixmedins_code, month,
        part + case when place <= advance - sum(part) over (partition by month) then 1 else 0 end as advance
    from month_rank
),
advanced as (
    select fixmedins_code, sum(advance) as advance from month_part group by fixmedins_code
),
-- Refunds of the year, of settlements of stays of earlier years, at their own fund amount.
prior as (
    select scoped.fixmedins_code, sum(back.fund) as refund
    from back
    join scoped on scoped.setl_id = back.init_setl_id
    where extract(year from back.setl_time) = {year} and scoped.year < {year}
        and scoped.stay not in (select stay from scoped where year >= {year})
    group by scoped.fixmedins_code
),
whole as (
    select
        'all' as pool, coalesce(paid.fixmedins_code, prior.fixmedins_code) as fixmedins_code,
        coalesce(cases, 0) as cases, coalesce(cost, 0) as cost, coalesce(booked, 0) as booked,
        coalesce(points, 0) as points, coalesce(paid, 0) as paid, coalesce(advance, 0) as advanced,
        coalesce(paid, 0) - coalesce(advance, 0) - coalesce(refund, 0) as balance
    from paid
    left join advanced on advanced.fixmedins_code = paid.fixmedins_code
    full join prior on prior.fixmedins_code = paid.fixmedins_code
)
select * from whole
