"""Everyday tools: what they are called, what they take, and how people ask for them.

A parameter has several possible names and a kind of value; a request mentions every value once.
Kinds of value: city, name, text, thing, number, day, colour, language, code, or a list of choices.
"""

from dataclasses import dataclass

__all__ = ["KINDS", "ToolKind"]


@dataclass(frozen=True)
class ToolKind:
    """One everyday tool in all its disguises."""

    names: tuple[str, ...]
    description: str
    # each parameter: its possible names, divided by /, and the kind of its value
    parameters: tuple[tuple[str, str], ...]
    requests: tuple[str, ...]  # {0} is the first parameter's value
    results: tuple[str, ...]  # what the tool may answer, {n} a number
    replies: tuple[str, ...]  # {0} a value, {r} the tool's answer


KINDS = (
    ToolKind(
        ("get_weather", "weather", "current_weather", "get_current_weather", "weather_report",
         "fetch_weather"),
        "Get the weather in a city",
        (("city/location/place/town", "city"),),
        ("What is the weather in {0}?", "How is the weather in {0} today?",
         "Weather in {0}, please.", "Is it raining in {0}?",
         "What's the weather like in {0}?", "Will it be sunny in {0}?"),
        ("{n} degrees and sunny", "{n} degrees and rain", "{n} degrees and cloudy",
         "snow, {n} degrees"),
        ("The weather in {0}: {r}.", "In {0} it is {r}."),
    ),
    ToolKind(
        ("get_forecast", "forecast", "weather_forecast"),
        "Get the weather forecast for some days",
        (("city/location/place", "city"), ("days/count/length", "number")),
        ("Give me the forecast for {0} for {1} days.", "What is the {1} day forecast for {0}?",
         "How will the weather be in {0} in the next {1} days?"),
        ("mostly sunny, {n} degrees", "rain, {n} degrees"),
        ("The forecast for {0}: {r}.",),
    ),
    ToolKind(
        ("get_temperature", "temperature", "read_temperature"),
        "Get the temperature in a city",
        (("city/location/place", "city"),),
        ("How warm is it in {0}?", "What is the temperature in {0}?", "How cold is it in {0}?"),
        ("{n} degrees", "{n}"),
        ("The temperature in {0} is {r}.",),
    ),
    ToolKind(
        ("get_time", "current_time", "clock", "time_in", "local_time"),
        "Get the time in a city",
        (("city/location/timezone/place", "city"),),
        ("What time is it in {0}?", "Tell me the time in {0}.", "How late is it in {0}?"),
        ("12:{n}", "8:{n}"),
        ("It is {r} in {0}.",),
    ),
    ToolKind(
        ("add", "add_numbers", "sum", "plus"),
        "Add two numbers",
        (("a/x/first", "number"), ("b/y/second", "number")),
        ("What is {0} plus {1}?", "Add {0} and {1}.", "What is {0} + {1}?", "Sum of {0} and {1}?"),
        ("{n}",),
        ("{0} plus {1} is {r}.",),
    ),
    ToolKind(
        ("multiply", "times", "product", "multiply_numbers"),
        "Multiply two numbers",
        (("a/x/first", "number"), ("b/y/second", "number")),
        ("What is {0} times {1}?", "Multiply {0} by {1}.", "{0} times {1}?"),
        ("{n}",),
        ("{0} times {1} is {r}.",),
    ),
    ToolKind(
        ("search", "web_search", "search_web", "find", "lookup", "google"),
        "Search the web",
        (("query/text/q/terms", "text"),),
        ("Search for {0}.", "Look up {0}.", "Find something about {0}.", "Search the web for {0}."),
        ("{n} pages about it", "nothing found"),
        ("The search for {0} gave: {r}.",),
    ),
    ToolKind(
        ("send_email", "send_mail", "email", "mail"),
        "Send an email",
        (("to/recipient/address", "name"), ("body/text/message/content", "text")),
        ("Send an email to {0} that says {1}.", "Write {0} an email: {1}",
         "Email {0} the text {1}."),
        ("sent", "ok"),
        ("The email to {0} was sent.",),
    ),
    ToolKind(
        ("send_message", "message", "text_message", "notify"),
        "Send a message to a person",
        (("to/person/name/user", "name"), ("text/message/content", "text")),
        ("Send {0} the message {1}.", "Tell {0}: {1}", "Message {0} that {1}."),
        ("sent", "delivered"),
        ("I sent the message to {0}.",),
    ),
    ToolKind(
        ("call_person", "phone", "dial", "make_call"),
        "Call a person on the phone",
        (("name/person/contact", "name"),),
        ("Call {0}.", "Please phone {0}.", "Ring {0} now."),
        ("calling", "no answer"),
        ("I called {0}: {r}.",),
    ),
    ToolKind(
        ("set_alarm", "alarm", "wake_me"),
        "Set an alarm",
        (("hour/time/at", "number"),),
        ("Set an alarm for {0}.", "Wake me at {0}.", "I must get up at {0}, set an alarm."),
        ("alarm set", "ok"),
        ("The alarm is set for {0}.",),
    ),
    ToolKind(
        ("set_timer", "timer", "start_timer"),
        "Start a timer",
        (("minutes/duration/length", "number"),),
        ("Set a timer for {0} minutes.", "Start a {0} minute timer.", "Time {0} minutes."),
        ("started", "ok"),
        ("The timer runs for {0} minutes.",),
    ),
    ToolKind(
        ("translate", "translate_text", "translator"),
        "Translate a text into a language",
        (("text/phrase/words", "text"), ("language/target/to", "language")),
        ("Translate {0} into {1}.", "How do you say {0} in {1}?", "What is {0} in {1}?"),
        ("{w}",),
        ("In {1} it is {r}.",),
    ),
    ToolKind(
        ("play_music", "play", "play_song", "music"),
        "Play a song",
        (("song/title/track", "text"),),
        ("Play {0}.", "Play the song {0}.", "I want to hear {0}."),
        ("playing", "not found"),
        ("The song {0}: {r}.",),
    ),
    ToolKind(
        ("set_light", "light", "switch_light", "lamp"),
        "Switch the light in a room",
        (("room/place/where", "room"), ("state/power/mode", "on|off")),
        ("Turn the light in the {0} {1}.", "Switch {1} the light in the {0}.",
         "Light {1} in the {0}, please."),
        ("done", "ok"),
        ("The light in the {0} is {1}.",),
    ),
    ToolKind(
        ("paint", "set_colour", "colour_thing"),
        "Paint a thing in a colour",
        (("thing/object/item", "thing"), ("colour/shade/hue", "colour")),
        ("Paint the {0} {1}.", "Make the {0} {1}.", "Please colour the {0} {1}."),
        ("done", "painted"),
        ("The {0} is {1} now.",),
    ),
    ToolKind(
        ("buy", "order", "purchase", "add_to_cart"),
        "Buy some of a thing",
        (("item/product/thing", "thing"), ("count/amount/quantity/number", "number")),
        ("Buy {1} of the {0}.", "Order the {0}, {1} pieces.", "I need the {0}, {1} times."),
        ("ordered", "{n} euros"),
        ("I ordered the {0}: {r}.",),
    ),
    ToolKind(
        ("get_price", "price", "stock_price", "price_of"),
        "Get the price of a thing",
        (("item/symbol/product/name", "thing"),),
        ("How much is the {0}?", "What is the price of the {0}?", "What does the {0} cost?"),
        ("{n} euros", "{n}"),
        ("The price of the {0} is {r}.",),
    ),
    ToolKind(
        ("book_flight", "flight", "find_flight", "search_flights"),
        "Find a flight between two cities",
        (("from/origin/start", "city"), ("to/destination/target", "city")),
        ("Book a flight from {0} to {1}.", "I want to fly from {0} to {1}.",
         "Find me a flight from {0} to {1}."),
        ("booked", "{n} euros"),
        ("The flight from {0} to {1}: {r}.",),
    ),
    ToolKind(
        ("add_event", "create_event", "calendar", "schedule"),
        "Put an event into the calendar",
        (("title/event/name", "text"), ("day/date/when", "day")),
        ("Put {0} into my calendar on {1}.", "Add {0} on {1}.", "Schedule {0} for {1}."),
        ("saved", "ok"),
        ("I put {0} on {1}.",),
    ),
    ToolKind(
        ("read_file", "open_file", "cat", "get_file"),
        "Read a file",
        (("path/file/filename/name", "file"),),
        ("Read the file {0}.", "Open {0}.", "What is in {0}?", "Show me {0}."),
        ("{w} {w}", "empty"),
        ("The file {0} says: {r}.",),
    ),
    ToolKind(
        ("delete_file", "remove_file", "rm"),
        "Delete a file",
        (("path/file/filename/name", "file"),),
        ("Delete the file {0}.", "Remove {0}.", "Please delete {0}."),
        ("deleted", "not found"),
        ("The file {0}: {r}.",),
    ),
    ToolKind(
        ("get_population", "population", "count_people"),
        "Get the number of people in a city",
        (("city/place/town", "city"),),
        ("How many people live in {0}?", "What is the population of {0}?"),
        ("{n} thousand", "{n}"),
        ("In {0} live {r} people.",),
    ),
    ToolKind(
        ("roll_dice", "dice", "roll"),
        "Roll dice",
        (("sides/faces/size", "number"),),
        ("Roll a die with {0} sides.", "Roll a {0} sided die."),
        ("{n}",),
        ("The die shows {r}.",),
    ),
    ToolKind(
        ("save_note", "note", "write_note", "remember"),
        "Save a note",
        (("text/note/content", "text"),),
        ("Note: {0}", "Save the note {0}.", "Write down {0}.", "Remember {0} for me."),
        ("saved", "ok"),
        ("I saved the note {0}.",),
    ),
)  # fmt: skip
