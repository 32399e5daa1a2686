-- 攀枝花: stays (A54, R15), groups of a grouper (R26), base points × coefficient with low and high cases
-- (5.3, 5.4), decided cases, allocate(budget − paid by item, points), months by A44 (R10: the budget).
-- use netted

-- stage scoped
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
)
-- R05, settlement by settlement, before stays are put together.
select found.*, case when mdtrt_id is null or mdtrt_id = '' then found.setl_id else mdtrt_id end as stay
from found left join main_diagnosis on main_diagnosis.setl_id = found.setl_id
where insutype in ('310', '390') and med_type in ('21', '22', '23', '24')
    and pay_loc not in ('3', '4') and (insu_admdvs = '' or insu_admdvs like '5104%')
    and hi_paymtd <> '2'
    and substr(coalesce(main_diagnosis.diag_code, ''), 1, 3) not in ('F20', 'F22', 'F25', 'F31')

-- stage cased
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
)
select
    'all' as pool, fixmedins_code, month, fee, fund,
    case
        when kind = 'item' then 0
        when kind = 'points' then value
        when fee = 0 then 0
        else cast(floor((2 * numerator + denominator) / (2 * denominator)) as bigint)
            + case when kind = 'add' then value else 0 end
    end as points,
    case when kind = 'item' or (fee = 0 and kind is null) then fund else 0 end as as_booked
from fraction

-- stage own
select
    pool, fixmedins_code, count(*) as cases, sum(fee) as cost, sum(fund) as booked,
    sum(points) as points, sum(as_booked) as as_booked
from cased group by pool, fixmedins_code

-- stage money
select pool, cast(amount * 100 as bigint) as fen from budget
where year = {year} and pool = 'all' and item = 'budget'

-- stage quota_money
select * from money

-- stage before
-- Stays of the year before as they were cleared (R03).
cleared_ranked as (
    select *, row_number() over (partition by stay order by setl_time desc, setl_id desc) as place,
        sum(fund_cleared) over (partition by stay) as stay_fund
    from scoped where fee_back_same_year = 0 or fee_cleared > 0
)
select 'all' as pool, month, sum(stay_fund) as booked from cleared_ranked
where place = 1 and year = {year} - 1 group by month

-- use by-points
-- use by-months

-- stage prior
-- Refunds of the year, of settlements of stays of earlier years, at their own fund amount.
select scoped.fixmedins_code, sum(back.fund) as refund
from back
join scoped on scoped.setl_id = back.init_setl_id
where extract(year from back.setl_time) = {year} and scoped.year < {year}
    and scoped.stay not in (select stay from scoped where year >= {year})
group by scoped.fixmedins_code

-- stage second
select
    'all' as pool, coalesce(entitled.fixmedins_code, prior.fixmedins_code) as fixmedins_code,
    coalesce(cases, 0) as cases, coalesce(cost, 0) as cost, coalesce(booked, 0) as booked,
    coalesce(points, 0) as points, coalesce(entitlement, 0) as paid,
    coalesce(advance, 0) as advanced,
    coalesce(entitlement, 0) - coalesce(advance, 0) - coalesce(refund, 0) as balance
from entitled
left join advanced on advanced.fixmedins_code = entitled.fixmedins_code
full join prior on prior.fixmedins_code = entitled.fixmedins_code
