/** Which vehicles an actor may see, in a form that repositories carry into their queries. */
export type VehicleScope = { readonly kind: 'all' };
