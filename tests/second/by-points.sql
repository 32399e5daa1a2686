-- Each pool's money over its institutions by points, what is paid as booked first (12.0 `allocate`): from
-- `own` (pool, fixmedins_code, cases, cost, booked, points, as_booked) and `money` (pool, fen).

-- stage entitled
divided as (
    select
        own.*, fen - sum(as_booked) over (partition by own.pool) as money,
        cast(sum(points) over (partition by own.pool) as decimal(38, 0)) as whole
    from own join money on money.pool = own.pool
),
entitled_floor as (
    select *, cast(money as decimal(38, 0)) * points as product from divided
),
entitled_rank as (
    select *, cast(floor(product / whole) as bigint) as part,
        row_number() over (
            partition by pool
            order by product - cast(floor(product / whole) as decimal(38, 0)) * whole desc, fixmedins_code
        ) as place
    from entitled_floor
)
select
    pool, fixmedins_code, cases, cost, booked, points,
    as_booked + part
        + case when place <= money - sum(part) over (partition by pool) then 1 else 0 end as entitlement
from entitled_rank
