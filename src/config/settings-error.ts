/** One variable that can't be used, and what it should be. Never holds the value. */
export interface SettingsComplaint {
  readonly variable: string;
  readonly message: string;
}

/** The settings can't be used. Its message names every bad variable at once, and no value of any. */
export class SettingsError extends Error {
  constructor(readonly complaints: readonly SettingsComplaint[]) {
    const lines = complaints.map(({ variable, message }) => `  ${variable} ${message}`);
    super(['The settings cannot be used:', ...lines, 'All variables are listed in .env.example.'].join('\n'));
    this.name = 'SettingsError';
  }
}
