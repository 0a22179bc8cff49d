"""French for what people read of a match: money, dates, bands, reasons, refusals, states; pure templates over facts."""
