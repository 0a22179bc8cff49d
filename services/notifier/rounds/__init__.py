"""What the notifier does by itself: notices find their people, mails are frozen when due, frozen mails leave."""
