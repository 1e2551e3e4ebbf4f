import { ApplicationError } from './errors.js';
import type { JsonObject } from './json.js';
import type { CredentialSummary } from './vehicle-credentials.js';
import type { CommandErrorCode } from './response.js';

/** What the last exchange with a vehicle showed. */
export const connectionStatuses = ['connected', 'disconnected', 'error'] as const;

/** One of the connection statuses. */
export type ConnectionStatus = (typeof connectionStatuses)[number];

/** For how long a failed exchange is taken as proof that the vehicle is away. After that it is worth another try. */
const awayKnowledgeSeconds = 60;

/** How old the time of the last contact may get before another successful exchange is worth a write. */
const contactResolutionSeconds = 10;

/** What can be said about a vehicle by an administrator. */
export interface VehicleDescription {
  readonly vin: string;
  readonly make: string;
  readonly model: string;
  readonly modelYear: number;
  /** Base of the vehicle's SOVD server, for example `https://car.example/sovd/v1`; without a slash at its end. */
  readonly sovdBaseUrl: string;
  readonly metadata: JsonObject;
  /** Who works with it is said by the members of its fleet. */
  readonly fleetId: string;
}

/** The fields of a vehicle, as they are kept. */
export interface VehicleRecord extends VehicleDescription {
  readonly id: string;
  readonly connectionStatus: ConnectionStatus;
  /** Last time that the vehicle answered. */
  readonly lastSeenAt: Date | undefined;
  /** Last time that an exchange was tried. */
  readonly lastCheckedAt: Date | undefined;
  /** What the service proves itself to it with; the secret is kept elsewhere. */
  readonly credentials: CredentialSummary | undefined;
  /** Why the last exchange failed, if it did. */
  readonly lastErrorCode: CommandErrorCode | undefined;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly retiredAt: Date | undefined;
}

/** The outcome of an exchange, as far as it tells whether the vehicle can be reached. */
export interface Contact {
  readonly status: ConnectionStatus;
  readonly at: Date;
  /** Why the exchange failed. */
  readonly errorCode?: CommandErrorCode;
}

/** A registered car, by VIN. One with a history is retired, not deleted. */
export class Vehicle implements VehicleRecord {
  readonly id: string;
  readonly vin: string;
  readonly make: string;
  readonly model: string;
  readonly modelYear: number;
  readonly sovdBaseUrl: string;
  readonly metadata: JsonObject;
  readonly fleetId: string;
  readonly connectionStatus: ConnectionStatus;
  readonly lastSeenAt: Date | undefined;
  readonly lastCheckedAt: Date | undefined;
  readonly credentials: CredentialSummary | undefined;
  readonly lastErrorCode: CommandErrorCode | undefined;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly retiredAt: Date | undefined;

  readonly #record: VehicleRecord;

  private constructor(record: VehicleRecord) {
    this.#record = record;
    this.id = record.id;
    this.vin = record.vin;
    this.make = record.make;
    this.model = record.model;
    this.modelYear = record.modelYear;
    this.sovdBaseUrl = record.sovdBaseUrl;
    this.metadata = record.metadata;
    this.fleetId = record.fleetId;
    this.connectionStatus = record.connectionStatus;
    this.lastSeenAt = record.lastSeenAt;
    this.lastCheckedAt = record.lastCheckedAt;
    this.credentials = record.credentials;
    this.lastErrorCode = record.lastErrorCode;
    this.version = record.version;
    this.createdAt = record.createdAt;
    this.updatedAt = record.updatedAt;
    this.retiredAt = record.retiredAt;
  }

  /** A vehicle as it was stored; nothing is checked again. */
  static fromRecord(record: VehicleRecord): Vehicle {
    return new Vehicle(record);
  }

  /** A new vehicle that nobody has spoken to yet. */
  static register(id: string, description: VehicleDescription, now: Date): Vehicle {
    return new Vehicle({
      ...description,
      id,
      connectionStatus: 'disconnected',
      lastSeenAt: undefined,
      lastCheckedAt: undefined,
      credentials: undefined,
      lastErrorCode: undefined,
      version: 1,
      createdAt: now,
      updatedAt: now,
      retiredAt: undefined,
    });
  }

  /** Whether the last exchange failed, and not so long ago that it says nothing any more. */
  isKnownToBeAway(now: Date): boolean {
    if (this.connectionStatus !== 'disconnected' || this.lastCheckedAt === undefined) return false;
    return now.getTime() - this.lastCheckedAt.getTime() < awayKnowledgeSeconds * 1000;
  }

  /** Whether what an exchange showed is news that should be stored. */
  isNews(contact: Contact): boolean {
    if (contact.status !== this.connectionStatus || this.lastCheckedAt === undefined) return true;
    return contact.at.getTime() - this.lastCheckedAt.getTime() >= contactResolutionSeconds * 1000;
  }

  /** Whether an exchange showed that the vehicle can be reached again, after it couldn't. */
  isBack(contact: Contact): boolean {
    return contact.status === 'connected' && this.connectionStatus !== 'connected';
  }

  /** The vehicle with another description. Its VIN stays: another VIN is another vehicle. */
  change(changes: Partial<Omit<VehicleDescription, 'vin'>>, now: Date): Vehicle {
    this.#mustBeInService();
    const moved = changes.sovdBaseUrl !== undefined && changes.sovdBaseUrl !== this.sovdBaseUrl;
    return new Vehicle({
      ...this.#record,
      ...changes,
      // What was learned at the old address says nothing about the new one.
      connectionStatus: moved ? 'disconnected' : this.connectionStatus,
      lastCheckedAt: moved ? undefined : this.lastCheckedAt,
      lastErrorCode: moved ? undefined : this.lastErrorCode,
      version: this.version + 1,
      updatedAt: now,
    });
  }

  /** The vehicle with other credentials. */
  withCredentials(credentials: CredentialSummary, now: Date): Vehicle {
    this.#mustBeInService();
    return new Vehicle({ ...this.#record, credentials, version: this.version + 1, updatedAt: now });
  }

  /** The vehicle without credentials. */
  withoutCredentials(now: Date): Vehicle {
    return new Vehicle({ ...this.#record, credentials: undefined, version: this.version + 1, updatedAt: now });
  }

  /** The vehicle out of service, with its history. Retiring twice changes nothing. */
  retire(now: Date): Vehicle {
    if (this.retiredAt !== undefined) return this;
    return new Vehicle({ ...this.#record, retiredAt: now, version: this.version + 1, updatedAt: now });
  }

  #mustBeInService(): void {
    if (this.retiredAt === undefined) return;
    throw new ApplicationError('vehicle-retired', 'The vehicle is retired and cannot be changed.');
  }
}
