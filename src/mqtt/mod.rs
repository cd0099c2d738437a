//! MQTT: the link to the broker, topics, messages, commands.
