"""Teaching a phrase: tried against all kept mails, written into the user's pack, taken back."""
