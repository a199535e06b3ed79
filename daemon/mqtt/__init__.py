"""State and alerts over MQTT, described so that Home Assistant finds them by itself."""
