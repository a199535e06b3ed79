# fish: read at the first TAB behind orderbell
orderbell completion fish | source
