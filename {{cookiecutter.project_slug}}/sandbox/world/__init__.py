"""What Telegram knows: bots, people, chats, files, and the trouble it makes."""
