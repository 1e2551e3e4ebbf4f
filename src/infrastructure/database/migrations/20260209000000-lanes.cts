import type { QueryInterface } from 'sequelize';

/**
 * Takes the lanes of vehicles for a new command each: locks those that it can get without waiting until the transaction ends,
 * and gives those of them that are free. A lane is free when none of the vehicle's commands waits or is in progress. As the
 * function is volatile, its statements see what others have committed until now, whenever the statement around it began.
 */
const up = `
  create function take_lanes(wanted uuid[]) returns setof uuid language plpgsql volatile as $lanes$
  declare
    held uuid[];
  begin
    select array_agg(l.vehicle_id) into held
    from (
      select v.vehicle_id from vehicles v where v.vehicle_id = any(wanted) for no key update skip locked
    ) l;
    return query
      select h.vehicle_id
      from unnest(held) as h (vehicle_id)
      where not exists (
        select from commands c where c.vehicle_id = h.vehicle_id and c.status in ('pending', 'in_progress')
      );
  end
  $lanes$`;

export = {
  up: (queryInterface: QueryInterface): Promise<unknown> => queryInterface.sequelize.query(up),
  down: (queryInterface: QueryInterface): Promise<unknown> =>
    queryInterface.sequelize.query('drop function take_lanes(uuid[])'),
};
