-- One row a flight. Every value was known two hours before the scheduled departure: the schedule itself, the newest
-- weather reading of the airport by then, and the registers of aircraft and airports.
SELECT
    flights._key,
    flights.carrier,
    flights.origin,
    flights.dest,
    flights.distance::FLOAT AS distance,
    (flights.sched_dep_time // 100 + (flights.sched_dep_time % 100) / 60.0)::FLOAT AS departure_hour,
    (flights.sched_arr_time // 100 + (flights.sched_arr_time % 100) / 60.0)::FLOAT AS arrival_hour,
    isodow(flights.flight_date)::TINYINT AS weekday,
    weather.temp,
    weather.dewp,
    weather.humid,
    weather.wind_dir,
    weather.wind_speed,
    weather.wind_gust,
    weather.precip,
    weather.pressure,
    weather.visib,
    (epoch(flights._prediction_time - weather.time_hour) / 3600)::FLOAT AS weather_age_hours,
    planes.manufacturer,
    planes.seats::FLOAT AS seats,
    (year(flights.flight_date) - planes.year)::FLOAT AS aircraft_age_years,
    airports.lat::FLOAT AS dest_lat,
    airports.lon::FLOAT AS dest_lon
FROM flights
ASOF LEFT JOIN weather
    ON weather.origin = flights.origin AND weather._known_at <= flights._prediction_time
LEFT JOIN planes ON planes.tailnum = flights.tailnum
LEFT JOIN airports ON airports.faa = flights.dest
