-- Months by A44: a pool's money by last year's booked of each month; 90 % of the smaller of quota and
-- booked, divided by own booked: from `before` (pool, month, booked), `quota_money` (pool, fen) and `cased`
-- (pool, month, fixmedins_code, fund).

-- stage advanced
quota_floor as (
    select
        before.pool, month, fen, cast(fen as decimal(38, 0)) * booked as product,
        cast(sum(booked) over (partition by before.pool) as decimal(38, 0)) as whole
    from before join quota_money on quota_money.pool = before.pool
),
quota_rank as (
    select *, cast(floor(product / whole) as bigint) as part,
        row_number() over (
            partition by pool
            order by product - cast(floor(product / whole) as decimal(38, 0)) * whole desc, month
        ) as place
    from quota_floor
),
quota as (
    select pool, month,
        part + case when place <= fen - sum(part) over (partition by pool) then 1 else 0 end as quota
    from quota_rank
),
month_own as (
    select pool, month, fixmedins_code, sum(fund) as booked from cased group by pool, month, fixmedins_code
),
month_sum as (
    select pool, month, sum(booked) as booked from month_own group by pool, month
),
month_area as (
    select
        month_sum.pool, month_sum.month,
        -- round(0.90 × it), half away from zero
        cast(floor((cast(greatest(least(quota, booked), 0) as decimal(38, 0)) * 18 + 10) / 20) as bigint) as advance
    from month_sum join quota on quota.pool = month_sum.pool and quota.month = month_sum.month
),
month_floor as (
    select
        month_own.pool, month_own.month, fixmedins_code, advance,
        cast(sum(greatest(booked, 0)) over (partition by month_own.pool, month_own.month) as decimal(38, 0)) as whole,
        cast(advance as decimal(38, 0)) * greatest(booked, 0) as product
    from month_own
    join month_area on month_area.pool = month_own.pool and month_area.month = month_own.month
    where advance > 0
),
month_rank as (
    select *, cast(floor(product / whole) as bigint) as part,
        row_number() over (
            partition by pool, month
            order by product - cast(floor(product / whole) as decimal(38, 0)) * whole desc, fixmedins_code
        ) as place
    from month_floor
),
month_part as (
    select pool, fixmedins_code, month,
        part + case when place <= advance - sum(part) over (partition by pool, month) then 1 else 0 end as advance
    from month_rank
)
select pool, fixmedins_code, sum(advance) as advance from month_part group by pool, fixmedins_code
