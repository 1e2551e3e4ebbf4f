import type { CarModel } from './car-model.js';
import { Vehicle } from './vehicle.js';
import { combustionCar } from './vehicles/combustion-car.js';
import { electricCar } from './vehicles/electric-car.js';
import { makeVin } from './vin.js';

const kinds: readonly [CarModel, CarModel] = [combustionCar, electricCar];

/** So many cars, combustion and electric by turns, with the keys `car-1`, `car-2`, … and a VIN each. */
export function makeFleet(count: number, publicUrl: string, executionMillis: number): ReadonlyMap<string, Vehicle> {
  const vehicles = new Map<string, Vehicle>();
  for (let number = 1; number <= count; number += 1) {
    const car = kinds[number % 2 === 1 ? 0 : 1];
    const key = `car-${number}`;
    const vin = makeVin(car.vinStart, car.modelYear, car.plant, number);
    vehicles.set(key, new Vehicle(key, vin, car, publicUrl, number, executionMillis));
  }
  return vehicles;
}
