SELECT coalesce(sum(iif(amount_minor > 0, amount_minor / 1000000000, 0)), 0),
       coalesce(sum(iif(amount_minor > 0, amount_minor % 1000000000, 0)), 0),
       coalesce(sum(iif(amount_minor < 0, amount_minor / 1000000000, 0)), 0),
       coalesce(sum(iif(amount_minor < 0, amount_minor % 1000000000, 0)), 0)
