package database

import "testing"

func TestConfigLimitsEveryWait(t *testing.T) {
	config, err := Options{Host: "localhost", Port: 3306, User: "log"}.Config("log", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if config.Timeout == 0 || config.ReadTimeout == 0 || config.WriteTimeout == 0 {
		t.Errorf("a wait without a limit: dial %s, read %s, write %s", config.Timeout, config.ReadTimeout, config.WriteTimeout)
	}
}

func TestConfigRefuses(t *testing.T) {
	local := Options{Host: "localhost", Port: 3306, User: "log"}
	elsewhere := Options{Host: "db.example", Port: 3306, User: "log"}
	for name, refused := range map[string]struct {
		options        Options
		name, password string
	}{
		"plaintext to another machine": {elsewhere, "log", "secret"},
		"no host":                      {Options{Port: 3306, User: "log"}, "log", "secret"},
		"no user":                      {Options{Host: "localhost", Port: 3306}, "log", "secret"},
		"port 0":                       {Options{Host: "localhost", User: "log"}, "log", "secret"},
		"no name":                      {local, "", "secret"},
		"no password":                  {local, "log", ""},
	} {
		if _, err := refused.options.Config(refused.name, refused.password); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
