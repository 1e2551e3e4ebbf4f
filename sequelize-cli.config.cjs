// Only sequelize-cli reads this; the service itself takes its settings from src/config.
const database = { use_env_variable: 'DATABASE_URL', dialect: 'postgres' };

module.exports = { development: database, test: database, production: database };
