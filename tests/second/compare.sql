-- Rows of the run and of the second computation side by side; one row for each that differs, and the
-- number of rows compared.
ran as (
    select
        pool, fixmedins_code, cases, cast(cost_yuan * 100 as bigint) as cost,
        cast(fund_booked_yuan * 100 as bigint) as booked, cast(points * 10000 as bigint) as points,
        cast(paid_yuan * 100 as bigint) as paid, cast(advanced_yuan * 100 as bigint) as advanced,
        cast(balance_yuan * 100 as bigint) as balance
    from {ran} where scenario = '{scenario}'
),
beside as (
    select
        coalesce(ran.pool, second.pool) as pool,
        coalesce(ran.fixmedins_code, second.fixmedins_code) as fixmedins_code,
        ran.cases as cases, second.cases as cases_2, ran.cost as cost, second.cost as cost_2,
        ran.booked as booked, second.booked as booked_2, ran.points as points,
        second.points as points_2, ran.paid as paid, second.paid as paid_2,
        ran.advanced as advanced, second.advanced as advanced_2, ran.balance as balance,
        second.balance as balance_2
    from ran full join second
        on ran.pool = second.pool and ran.fixmedins_code = second.fixmedins_code
)
select
    beside.*, (select count(*) from beside) as compared,
    case when cases = cases_2 and cost = cost_2 and booked = booked_2 and points = points_2
        and paid = paid_2 and advanced = advanced_2 and balance = balance_2 then 0 else 1 end as differs
from beside
-- An institution that only last year's bookings or a deduction of nothing put there has no second row.
where cases_2 is not null or cases <> 0 or paid <> 0 or advanced <> 0 or balance <> 0
order by differs desc, pool, fixmedins_code
