-- 淄博: stays and their diseases, points of each case, the waterfall of each pool (3.1), year end (3.3,
-- R27), months by A44 (R10: B6) and working capital (Z22).
-- use netted

-- stage scoped
-- R05, settlement by settlement, before stays are put together.
select *, case when mdtrt_id is null or mdtrt_id = '' then setl_id else mdtrt_id end as stay
from found
where insutype in ('310', '390') and med_type in ('21', '22', '23', '24', '52')
    and pay_loc not in ('3', '4') and (insu_admdvs = '' or insu_admdvs like '3703%')
    and hi_paymtd not in ('2', '5', '7')

-- stage last_year: {zibo-dip-groups@before}, {zibo-dip-last}
select * from of_last_year

-- stage cased: {zibo-dip-groups}, {zibo-dip-points}
select * from of_this_year

-- stage own
select
    pool, fixmedins_code, sum(cases) as cases, sum(fee) as cost, sum(fund) as booked,
    sum(points) as points, sum(as_booked) as as_booked
from cased group by pool, fixmedins_code

-- stage pooled
-- 3.1: B6 = income − reserve − lines 1 to 4; the reserve less their shortfalls is shared 70 to 30.
amount as (
    select pool, item, cast(amount * 100 as bigint) as fen from budget where year = {year}
),
line_short as (
    select planned.pool, sum(planned.fen) as planned, sum(greatest(actual.fen - planned.fen, 0)) as short
    from amount planned
    join amount actual on actual.pool = planned.pool
        and actual.item = 'actual' || substr(planned.item, 2, 1)
    where planned.item in ('b1', 'b2', 'b3', 'b4')
    group by planned.pool
),
reserved as (
    select line_short.pool, planned, short, fen as income, cast(floor((cast(fen as decimal(38, 0)) + 5) / 10) as bigint) as reserve
    from line_short join amount on amount.pool = line_short.pool and amount.item = 'income'
),
settled_share as (
    select *, income - reserve - planned as b6,
        cast(floor((cast(greatest(reserve - short, 0) as decimal(38, 0)) * 14 + 10) / 20) as bigint) as seventy
    from reserved
)
select
    pool, b6, b6 + seventy as total, greatest(reserve - short, 0) - seventy as thirty
from settled_share

-- stage money
select pool, total as fen from pooled

-- stage quota_money
select pool, b6 as fen from pooled

-- stage before
select pool, month, sum(fund) as booked from last_year group by pool, month

-- use by-points
-- use by-months

-- stage second
-- Assessment rows hold in every pool; what they take off is taken once, in the first pool with cases.
assessed as (
    select
        fixmedins_code, cast(coefficient * 1000000 as bigint) as coefficient,
        cast(coalesce(deduction, 0) * 100 as bigint) as deduction,
        cast(coalesce(violations, 0) * 100 as bigint) as violations,
        cast(coalesce(bond, 0) * 100 as bigint) as bond
    from assessment where year = {year}
),
first_pool as (
    select assessed.fixmedins_code, coalesce(min(pool), '310') as pool
    from assessed left join own on own.fixmedins_code = assessed.fixmedins_code
    group by assessed.fixmedins_code
),
taken as (
    select first_pool.pool, assessed.fixmedins_code, deduction, violations, bond
    from assessed join first_pool on first_pool.fixmedins_code = assessed.fixmedins_code
    where deduction + violations + bond > 0
),
overspent as (
    select
        entitled.*, thirty,
        cast(floor((cast(entitlement as decimal(38, 0)) * 2 * coalesce(coefficient, 1000000) + 1000000) / 2000000) as bigint) as after_assessment,
        least(
            greatest(booked - coalesce(taken.violations, 0) - entitlement, 0),
            cast(floor((cast(entitlement as decimal(38, 0)) + 5) / 10) as bigint)
        ) as reasonable
    from entitled
    join pooled on pooled.pool = entitled.pool
    left join assessed on assessed.fixmedins_code = entitled.fixmedins_code
    left join taken on taken.pool = entitled.pool and taken.fixmedins_code = entitled.fixmedins_code
),
help_floor as (
    select *, sum(reasonable) over (partition by pool) as asked,
        least(thirty, sum(reasonable) over (partition by pool)) as money
    from overspent
),
help_rank as (
    select *,
        case when asked = 0 then 0 else cast(floor(cast(money as decimal(38, 0)) * reasonable / cast(greatest(asked, 1) as decimal(38, 0))) as bigint) end as part,
        row_number() over (
            partition by pool
            order by
                cast(money as decimal(38, 0)) * reasonable
                - cast(floor(cast(money as decimal(38, 0)) * reasonable / cast(greatest(asked, 1) as decimal(38, 0))) as decimal(38, 0)) * asked desc,
                fixmedins_code
        ) as place
    from help_floor
),
paid as (
    select
        pool, fixmedins_code, cases, cost, booked, points,
        after_assessment + part + case when place <= money - sum(part) over (partition by pool) then 1 else 0 end as paid
    from help_rank
),
-- Z22: a twelfth of last year's booked × assessment, unless the pool's payments of the year are listed.
listed_capital as (
    select pool, fixmedins_code, sum(cast(amount * 100 as bigint)) as capital from advance
    where year = {year} and kind = 'working_capital' group by pool, fixmedins_code
),
capital as (
    select pool, fixmedins_code, capital from listed_capital
    union all
    select
        pool, year_before.fixmedins_code,
        cast(floor((cast(greatest(booked, 0) as decimal(38, 0)) * coalesce(coefficient, 1000000) + 6000000) / 12000000) as bigint) as capital
    from (
        select pool, fixmedins_code, sum(fund) as booked from last_year
        group by pool, fixmedins_code
    ) year_before
    left join assessed on assessed.fixmedins_code = year_before.fixmedins_code
    where pool not in (select pool from listed_capital)
),
-- Refunds of the year, of settlements of stays of earlier years, at their own fund amount.
prior as (
    select scoped.insutype as pool, scoped.fixmedins_code, sum(back.fund) as refund
    from back join scoped on scoped.setl_id = back.init_setl_id
    where extract(year from back.setl_time) = {year} and scoped.year < {year}
        and scoped.stay not in (select stay from scoped where year >= {year})
    group by scoped.insutype, scoped.fixmedins_code
),
someone as (
    select pool, fixmedins_code from paid
    union select pool, fixmedins_code from taken
    union select pool, fixmedins_code from capital
    union select pool, fixmedins_code from prior
),
netto as (
    select
        someone.pool, someone.fixmedins_code, coalesce(cases, 0) as cases, coalesce(cost, 0) as cost,
        coalesce(booked, 0) as booked, coalesce(points, 0) as points, coalesce(advance, 0) as advanced,
        coalesce(paid, 0) - coalesce(violations, 0) - coalesce(deduction, 0) as paid,
        coalesce(bond, 0) + coalesce(capital, 0) + coalesce(refund, 0) as besides
    from someone
    left join paid on paid.pool = someone.pool and paid.fixmedins_code = someone.fixmedins_code
    left join taken on taken.pool = someone.pool and taken.fixmedins_code = someone.fixmedins_code
    left join advanced on advanced.pool = someone.pool and advanced.fixmedins_code = someone.fixmedins_code
    left join capital on capital.pool = someone.pool and capital.fixmedins_code = someone.fixmedins_code
    left join prior on prior.pool = someone.pool and prior.fixmedins_code = someone.fixmedins_code
)
select
    pool, fixmedins_code, cases, cost, booked, points, paid, advanced,
    paid - advanced - besides as balance
from netto
